"""Tasks with an instruction on the command line: shown, rendered and listed like all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unseen.cli import run

TASK = "title_generation/task13_notice_titles_title_generation"


def answer(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    assert run([*command]) == 0
    return json.loads(capsys.readouterr().out)


def test_any_row_of_the_file_can_be_shown_with_its_input_and_output_as_spans(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row in (3, 4):  # one that is tuned on and one that is asked
        (example,) = answer(capsys, "show", TASK, "--row", str(row), "--json")
        user, assistant = example["segments"]
        (span,) = user["spans"]
        assert (example["row"], span["columns"], assistant["spans"][0]["columns"]) == (row, ["input"], ["output"])
        assert user["text"].endswith(f"input: {user['text'][span['start'] : span['end']]}\noutput:")
        assert len(user["exemplars"]) >= 2


def test_a_task_renders_every_row_once(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rendered.jsonl"
    assert run(["render", TASK, "--out", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(line["row"] for line in lines) == list(range(len(lines)))
    assert {line["split"] for line in lines} == {"train", "test"}
    assert all(line["completion"] in line["references"] and line["answer_choices"] is None for line in lines)
    capsys.readouterr()
    assert run(["render", TASK, "--check"]) == 0 and f"{len(lines)} rows, no mistakes" in capsys.readouterr().out


def test_a_glob_chooses_what_is_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = answer(capsys, "list", "tasks", "title_generation/*", "--catalog", "shipped", "--json")
    assert TASK in [each["task"] for each in tasks] and {each["category"] for each in tasks} == {"Title Generation"}
    datasets = answer(capsys, "list", "datasets", "title_generation/*", "--catalog", "shipped", "--json")
    assert [each["lists"] for each in datasets] == [["unseen_instructions/test"]] * len(datasets)
    (template,) = answer(capsys, "list", "templates", TASK, "--catalog", "shipped", "--json")
    assert template["template"] == "natural_instructions" and template["prompt"].endswith("input: {{ input }}\noutput:")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["list", "tasks", "titel_generation/*"], "did you mean 'title_generation/*'"),
        (["list", "models", "x"], "cannot"),
    ],
)
def test_a_glob_without_a_match_is_told(
    home: Path, capsys: pytest.CaptureFixture[str], command: list[str], words: str
) -> None:
    assert run(command) == 2 and words in capsys.readouterr().err


def test_a_long_list_is_plain_lines_one_a_task(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = {"Definition": "Do it.", "Categories": "Many", "Positive Examples": [], "Negative Examples": []}
    task["Instances"] = [{"input": "a", "output": "b"}]  # type: ignore[assignment]
    for number in range(600):
        (tmp_path / f"task{number:03}.json").write_text(json.dumps(task))
    assert run(["import", "natural-instructions", str(tmp_path), "--name", "many"]) == 0
    capsys.readouterr()
    assert run(["list", "tasks", "many/*"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["task", "question"] and len(lines) == 600
    assert lines[7].split()[:2] == ["many/task007", "generate"]
