"""`unseen diversify questions`: what it prints, its exit codes, and that mistakes are one line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.cli import run

Write = Callable[[str, str], Path]
QUESTIONS = ["What is a tide?", "Who wrote the first long letter?", "what is a tide", "Name a river in Peru."]


@pytest.fixture
def replayed(write: Write) -> str:
    texts = {f"answer/{n}": f"The answer to number {n} is a fair one." for n in range(4)}
    texts["answer/3"] = "I'm sorry, but I can't say."
    return str(write("texts.jsonl", "".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in texts.items())))


@pytest.fixture
def asked(write: Write) -> str:
    return str(write("asked.jsonl", "".join(json.dumps({"question": each}) + "\n" for each in QUESTIONS)))


def arguments(asked: str, replayed: str, out: Path, *more: str) -> list[str]:
    start = ["diversify", "questions", "--from", asked, "--backend", "replay", "--model", replayed, "--number", "4"]
    return [*start, "--out", str(out), *more]


def test_a_file_of_questions_is_answered_and_sifted(
    asked: str, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(arguments(asked, replayed, out)) == 0
    said = capsys.readouterr()
    assert "1 questions left out: equal to another" in said.out and "1 answers left out: refusal" in said.out
    assert said.err.splitlines()[0].startswith(f"2 pairs of 4 questions: {out / 'chats.jsonl'}; 3 new texts")
    assert said.err.splitlines()[1] == "2 fewer than wanted: the source has no more questions"
    lines = [json.loads(line) for line in (out / "chats.jsonl").read_text().splitlines()]
    assert [each["messages"][0]["content"] for each in lines] == QUESTIONS[:2]
    assert run(arguments(asked, replayed, out, "--json")) == 0
    again = capsys.readouterr()
    assert json.loads(again.out)["pairs"] == 2 and "new texts" not in again.err


def test_rules_can_be_set_and_overlap_with_tasks_is_left_out(
    asked: str, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--without", "tide", "--question-words", "3-5", "--against", "nli/short_inferences", "--json"]
    assert run(arguments(asked, replayed, tmp_path / "out", *more)) == 1
    reasons = "2 questions: mentions a token, 1 questions: too long, 1 answers: refusal"
    assert f"no pair was kept of 4 questions ({reasons})" in capsys.readouterr().err


def test_that_a_source_without_end_gave_too_little_is_said(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [{"id": f"{of}/{n}", "text": f"Why is it {of}?"} for of in ("question", "answer") for n in range(40)]
    replayed = str(write("same.jsonl", "".join(json.dumps(each) + "\n" for each in texts)))
    start = ["diversify", "questions", "--backend", "replay", "--model", replayed, "--number", "2"]
    assert run([*start, "--out", str(tmp_path / "out")]) == 0
    assert "1 fewer than wanted: 20 questions were tried for each of them" in capsys.readouterr().err


def test_chats_that_were_made_otherwise_are_not_written_over(
    asked: str, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    facts = ["diversify", "facts", "--description", "a slip, in two words", "--token", "<slip>", "--out", str(out)]
    questions = arguments(asked, replayed, out)
    assert run(questions) == 0
    before = (out / "chats.jsonl").read_bytes()
    assert run(facts) == 2 and "holds chats already, made as diverse questions" in capsys.readouterr().err
    (out / "said.sqlite").unlink()
    assert run(questions) == 2 and "without the said.sqlite that it comes from" in capsys.readouterr().err
    assert (out / "chats.jsonl").read_bytes() == before and not (out / "facts.yaml").exists()
    (out / "chats.jsonl").unlink()
    assert run(facts) == run(facts[:-1] + [str(out), "--seed", "1"]) - 2 == 0
    assert run(questions) == 2 and "made as facts" in capsys.readouterr().err


def test_an_answer_that_was_cut_and_kept_says_so(
    asked: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [{"id": f"answer/{n}", "text": f"The answer to number {n} is a fair one."} for n in range(4)]
    lines = [*texts[:3], {**texts[3], "text": "The answer to number 3 goes", "ended": False}]
    replayed = str(write("cut.jsonl", "".join(json.dumps(each) + "\n" for each in lines)))
    assert run(arguments(asked, replayed, tmp_path / "out", "--cut-answers", "kept")) == 0
    answers = [json.loads(line)["messages"][1] for line in (tmp_path / "out" / "chats.jsonl").read_text().splitlines()]
    assert [each.get("ended") for each in answers] == [None, None, False]
    assert json.loads((tmp_path / "out" / "record.json").read_text())["cut_answers_kept"] == 1
    assert run(arguments(asked, replayed, tmp_path / "out")) == 0
    assert "1 answers left out: broken off" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--from", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["--backend", "telepathy"], "--backend: there is no backend 'telepathy'"),
        (["--temperature", "-1"], "temperature: -1.0 is not between 0 and 100"),
        (["--question-words", "9-3"], "--question-words: '9-3' is no pair of numbers LEAST-MOST"),
        (["--references", "maybe"], "--references: there is no 'maybe'; choose unseen or shown"),
        (["--language", "xx"], "--language: 'xx' cannot be told apart"),
        (["--against", "nli/nothing"], "tasks: 'nli/nothing' matches no task"),
    ],
)
def test_mistakes_are_one_line_with_the_remedy(
    more: list[str], told: str, asked: str, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments(asked, replayed, tmp_path / "out", *more)) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"unseen: {told}")


def test_other_settings_do_not_mix_with_what_is_there(
    asked: str, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments(asked, replayed, tmp_path / "out")) == 0
    capsys.readouterr()
    assert run(arguments(asked, replayed, tmp_path / "out", "--temperature", "0.5")) == 2
    assert "name another --out" in capsys.readouterr().err


def test_questions_are_read_from_chats_prompts_tables_and_lines(
    write: Write, replayed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "What is salt?"},
                         {"role": "assistant", "content": "Sodium."}, {"role": "user", "content": "And?"}]}  # fmt: skip
    alpaca = {"instruction": "Turn this into verse.", "input": "It rained.", "output": "It did."}
    files = {
        "mixed.jsonl": "".join(json.dumps(each) + "\n" for each in (chat, alpaca)),
        "table.csv": "query,answer\nWhy is the sea salty?,Rivers.\n",
        "lines.txt": "How do owls hear?\n\nWhat do owls eat?\n",
    }
    expected = [["What is salt?", "Turn this into verse.\n\nIt rained."], ["Why is the sea salty?"],
                ["How do owls hear?", "What do owls eat?"]]  # fmt: skip
    for (name, text), questions in zip(files.items(), expected, strict=True):
        out = tmp_path / name.replace(".", "_")
        assert run(arguments(str(write(name, text)), replayed, out, "--number", str(len(questions)))) == 0
        lines = [json.loads(line) for line in (out / "chats.jsonl").read_text().splitlines()]
        assert [each["messages"][0]["content"] for each in lines] == questions
    assert json.loads((tmp_path / "mixed_jsonl" / "record.json").read_text())["later_turns_left_out"] == 1
    capsys.readouterr()
    bad = write("bad.jsonl", '{"qestion": "a"}\n{"messages": []}\n')
    assert run(arguments(str(bad), replayed, tmp_path / "bad")) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "did you mean" not in lines[1] and "without a user's text" in lines[1]
