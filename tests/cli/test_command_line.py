"""The command line: exact output, exit codes, and that its pages say what it does."""

from __future__ import annotations

import io
import json
import re
import runpy
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import unseen
from unseen.cli import run
from unseen.progress import late_bar

ROOT = Path(__file__).parents[2]
ROWS = 'text,label\n"Good, really",1\nBad,0\n'
TEMPLATES = """\
templates:
  - name: liked
    prompt: "{{ text }}\\nLiked?"
    answer_choices: ["no", "yes"]
    completion: "{{ answer_choices[label | int] }}"
"""


def test_rows_through_templates_are_json_lines(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rows, templates = write("notes.csv", ROWS), write("liked.yaml", TEMPLATES)
    assert run(["render", "--rows", str(rows), "--templates", str(templates)]) == 0
    said = capsys.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == [
        {
            "task": "liked",
            "template": "liked",
            "split": "notes",
            "row": number,
            "prompt": prompt,
            "completion": answer,
            "references": [answer],
            "answer_choices": ["no", "yes"],
        }
        for number, prompt, answer in [(0, "Good, really\nLiked?", "yes"), (1, "Bad\nLiked?", "no")]
    ]
    assert said.err == "rendered 2, rendered empty 0, unlabelled rows 0\n"


def test_it_says_its_version_and_those_of_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == f"unseen {metadata.version('unseen')}"
    assert f"peft {metadata.version('peft')}" in others


def test_check_lists_every_mistake_at_once(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = write("notes.csv", ROWS)
    broken = TEMPLATES.replace("{{ text }}", "{{ txet }}") + (
        '  - {name: none, prompt: "{{ text }}", completion: "{{ labell }}"}\n'
    )
    templates = write("liked.yaml", broken)
    assert run(["render", "--rows", str(rows), "--templates", str(templates), "--check"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "'txet'" in lines[0] and "'labell'" in lines[1]
    assert all(str(templates) in line and "did you mean" in line for line in lines)


def test_predictions_made_elsewhere_are_judged(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"prediction": "The cat.", "references": ["the cat", "a dog"], "group": "a"},
        {"prediction": "no", "references": ["yes"], "group": "b"},
    ]
    file = write("predictions.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert run(["score", "--metric", "exact_match", "--predictions", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["metric"], said["score"], said["count"]) == ("exact_match", 50.0, 2)
    assert said["low"] < 50 < said["high"]
    assert {name: (group["score"], group["count"]) for name, group in said["groups"].items()} == {
        "a": (100.0, 1),
        "b": (0.0, 1),
    }
    assert run(["score", "--metric", "exact_match", "--predictions", str(file)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[1].split() == ["group", "score", "new", "rows", "rows", "detectable"]
    assert table[2].split()[:4] == ["all", "50.0", f"[{said['low']:.1f},", f"{said['high']:.1f}]"]


@pytest.mark.parametrize("what", ["tasks", "datasets", "templates", "models", "recipes"])
def test_listings_are_tables_and_json(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", what, "--catalog", "shipped", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert records
    assert run(["list", what, "--catalog", "shipped"]) == 0
    table = capsys.readouterr().out
    first = next(iter(records[0].values()))
    assert str(first) in table


def test_recipes_of_the_working_folder_are_listed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for place, text in (
        ("recipes/mine.yaml", "name: mine\nseen: [topic/*]\n"),
        ("recipes/odd.yaml", "name: odd\nseeen: []\n"),
    ):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text)
    assert run(["list", "recipes", "--catalog", "shipped", "--json"]) == 0
    demo, mine, odd = json.loads(capsys.readouterr().out)
    assert demo["recipe"] == "demo" and Path(demo["file"]).is_file()
    assert mine == {"recipe": "mine", "seen": ["topic/*"], "unseen": [], "file": "recipes/mine.yaml"}
    assert odd["file"].startswith("recipes/odd.yaml (broken: ") and "did you mean 'seen'" in odd["file"]


TALK = """\
dataset: talk
cluster: chat
kind: messages
source: {files: {train: talk.jsonl}}
"""


def test_conversations_without_an_answer_are_told_as_such(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(write("talk.yaml", TALK).parent)
    unanswered = json.dumps({"messages": [{"role": "user", "content": "hello?"}]})
    rows = write("talk.jsonl", f"{unanswered}\n" * 3)
    assert run(["render", "chat/talk", "--catalog", folder]) == 0
    assert "3 left out (each holds no assistant turn with text)" in capsys.readouterr().err
    for command in (["render", "chat/talk", "--check"], ["show", "chat/talk"]):
        assert run([*command, "--catalog", folder]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "holds no assistant turn with text" in line
    answered = json.dumps(
        {"messages": [{"role": "user", "content": "hello?"}, {"role": "assistant", "content": "Hello."}]}
    )
    rows.write_text(f"{unanswered}\n{answered}\n")
    assert run(["render", "chat/talk", "--check", "--catalog", folder]) == 0


def test_a_bar_for_what_is_there_already_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with late_bar("fetching"):
        pass
    assert shown.getvalue() == ""
    with late_bar("fetching") as advance:
        advance(1, 3)
    assert "fetching" in shown.getvalue()


def test_a_task_is_shown_with_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "nli/short_inferences", "--catalog", "shipped", "--row", "1"]) == 0
    assert "nli/short_inferences" in (shown := capsys.readouterr().out) and "choices:" in shown


def test_supervised_tokens_are_shown(embedded_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "nli/short_inferences", "--catalog", "shipped", "--tokens"]) == 0
    assert "<|im_end|>" in capsys.readouterr().out


def test_the_public_names_are_those_of_all_and_each_has_a_docstring() -> None:
    for name in unseen.__all__:
        found = getattr(unseen, name)
        assert callable(found) and found.__doc__, name
        assert getattr(unseen, name) is found
    readme = (ROOT / "README.md").read_text()
    said = re.search(r"The same in Python: (.*?) from\s+`unseen`", readme, re.S)
    assert said and set(re.findall(r"`(\w+)`", said[1])) == set(unseen.__all__)


def test_the_commands_page_is_what_help_says() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_commands.py"))["commands_page"]()
    assert (ROOT / "docs" / "commands.md").read_text() == written


def test_every_command_in_the_readme_exists() -> None:
    known = set(re.findall(r"^## unseen ([a-z ]+)$", (ROOT / "docs" / "commands.md").read_text(), re.M))
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"(?:^|[\s`])unseen (demo|[a-z]+(?= ))", readme))
    assert used - {"side", "tasks", "tokens", "wordings"} <= {name.split()[0] for name in known}


def test_every_page_that_the_readme_links_is_there() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert linked and not [path for path in linked if not (ROOT / path).exists()]
