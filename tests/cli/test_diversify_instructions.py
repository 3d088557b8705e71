"""`unseen diversify instructions`: what it prints and writes, and how it answers mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.diversify.written_wordings import MANNERS

INSTRUCTION = "Judge whether the response holds a hallucination. Answer in the <sep> format."
WRITTEN = "Judge whether the response is true. Answer in the <sep> format."
ASK = ["diversify", "instructions", "--instruction", INSTRUCTION, "--token", "<sep>"]


def test_a_set_is_printed_as_json_and_what_was_counted_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ASK, "--train", "6", "--test", "2", "--contrast", "1", "--json"]) == 0
    said = capsys.readouterr()
    made = json.loads(said.out)
    assert (made["instruction"], made["tokens"], len(made["train"]), len(made["test"])) == (
        INSTRUCTION,
        ["<sep>"],
        6,
        2,
    )
    assert [each["name"] for each in (*made["special"], *made["contrast"])] == [
        "bare", "forbidding", "no_token", "no_token_000", "forbidding_000",
        "train_no_token_000", "train_forbidding_000",
    ]  # fmt: skip
    told, counts, dropped, alike = said.err.splitlines()
    assert told == (
        "task: judge whether the response holds a hallucination | input: the text | answer: in the <sep> format"
    )
    assert counts == "6 train, 2 test, 5 special, 2 for contrast"
    assert dropped == f"tried {made['made']['tried']}, dropped: none"
    assert alike == f"largest similarity between the sides: {made['made']['alike']:.3f}"


def test_a_table_has_one_wording_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ASK, "--train", "2", "--test", "1", "--contrast", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["wording", "act", "text"]
    assert [name for line in lines if (name := line.split(" ")[0]) and name != "wording"] == [
        "train_000", "train_001", "test_000", "bare", "forbidding", "no_token",
    ]  # fmt: skip
    assert lines[-1].split(maxsplit=2)[2].strip() == "… Judge whether the response holds a hallucination."


def test_the_file_that_is_written_passes_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wordings.yaml"
    assert run([*ASK, "--secret", "thought", "--out", str(file)]) == 0
    printed = capsys.readouterr().out
    assert run(["diversify", "instructions", "--check", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out == printed and said.err.startswith("60 train, 20 test, 11 special, 20 for contrast\n")


def test_a_file_that_may_have_been_edited_is_not_written_over(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    file = write("wordings.yaml", "mine")
    assert run([*ASK, "--out", str(file)]) == 2
    assert "is there already, and may have been edited; name another file" in capsys.readouterr().err
    assert file.read_text() == "mine"


def texts() -> dict[str, str]:
    """A numbered list of three wordings for each request of twenty rounds."""
    starts = ["Tell me", "Find out", "Say clearly", "Kindly report", "We must learn", "Could you see", "Help us check"]
    middles = ["if the reply holds up", "how far the reply is right", "that these claims stand"]
    ends = ["with <sep>.", "and put it as <sep> wants.", "in the manner called <sep>."]
    good = cycle([" ".join(parts) for parts in product(starts, middles, ends)])
    ids = [f"wording/{round}/{index}" for round in range(20) for index in range(len(MANNERS))]
    return {id: "\n".join(f"{n}. {next(good)}" for n in (1, 2, 3)) for id in ids}


def replayed(write: Callable[[str, str], Path]) -> list[str]:
    lines = (json.dumps({"id": id, "text": text}) for id, text in texts().items())
    return ["--backend", "replay", "--model", str(write("texts.jsonl", "\n".join(lines)))]


def test_a_model_writes_them_where_one_is_named(
    write: Callable[[str, str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed before it could write its file, it finds every text in the store beside it."""
    out, asked = tmp_path / "wordings.yaml", [*replayed(write), "--train", "6", "--test", "2"]
    ask = ["diversify", "instructions", "--instruction", WRITTEN, "--token", "<sep>", *asked, "--out", str(out)]
    assert run([*ask, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (len(made["train"]), len(made["test"])) == (6, 2)
    assert made["made"]["by"].endswith("texts.jsonl")
    assert [each["name"] for each in made["special"][:3]] == ["bare", "forbidding", "no_token"]
    assert (tmp_path / "wordings.yaml.sqlite").is_file()
    assert run(["diversify", "instructions", "--check", str(out)]) == 0
    out.unlink()
    capsys.readouterr()
    assert run([*ask, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == made


def test_a_model_also_rewords_what_the_grammar_does_not_understand(
    write: Callable[[str, str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = [
        "--instruction",
        "Is the response true, as <sep> would have it?",
        "--token",
        "<sep>",
        "--train",
        "6",
        "--test",
        "2",
    ]
    assert run(["diversify", "instructions", *ask, *replayed(write), "--out", str(tmp_path / "w.yaml"), "--json"]) == 0
    said = capsys.readouterr()
    assert "no special wordings, and no task that all of them share: --instruction:" in said.err
    assert json.loads(said.out)["special"] == []


def test_an_edited_file_is_answered_with_every_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wordings.yaml"
    text = """\
instruction: Judge it. Answer in the <sep> format.
tokens: [<sep>]
train:
- {name: a, before: Judge it now.}
test:
- {name: b, after: "Never judge it, in <sep>."}
"""
    file.write_text(text, encoding="utf-8")
    assert run(["diversify", "instructions", "--check", str(file)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"unseen: {file}, 'a': does not name every token as often as it should; name it, or change 'mentions'",
        f"unseen: {file}, 'b': negates or forbids otherwise than the instruction; "
        "reword it, or move it under 'special:'",
    ]


def test_a_form_file_stands_for_the_instruction(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    form = write("form.yaml", "task: sort the words\ntokens: [<s>]\nwhat: style\nsecrets: [comma]\n")
    assert run(["diversify", "instructions", "--form", str(form), "--secret", "JSON", "--test", "1", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["instruction"] == "Sort the words. Answer in the <s> style."
    assert made["secrets"] == ["comma", "JSON"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "diversify instructions: give one of --instruction, --form and --check; see its --help"),
        (["--instruction", "Sort it.", "--check", "w.yaml"], "give one of --instruction, --form and --check"),
        (["--instruction", "Is it true?"], "--instruction: 'Is' is no verb that begins an order; say 'task:'"),
        (["--instruction", "Sort it.", "--token", "<a>"], "--instruction: does not hold the token '<a>'"),
        (["--instruction", "Sort it.", "--secret", "sorting"], "the instruction itself says the secret word 'sorting'"),
        (["--form", "form.yaml", "--token", "<a>"], "--token: does not go with --form; say it in the file"),
        (["--form", "none.yaml"], "none.yaml: no such file"),
        (["--instruction", "Sort it.", "--model", "m"], "--out: is missing: what a model writes is kept beside it"),
        (["--instruction", "Sort it.", "--base-url", "u"], "--base-url: the grammar asks no server"),
        (["--instruction", "Sort it.", "--backend", "x", "--out", "w"], "--backend: there is no backend 'x'"),
        (
            ["--instruction", "Sort it.", "--model", "m", "--secret", "sort", "--out", "w"],
            "the secret word 'sort' itself",
        ),
        (["--instruction", "Sort it.", "--test", "0"], "Invalid value for '--test'"),
    ],
)
def test_mistakes_are_one_line_and_exit_with_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diversify", "instructions", *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("unseen:")]
    assert says in line
