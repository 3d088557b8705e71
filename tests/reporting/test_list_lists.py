"""`unseen list lists`, tasks chosen by a list, and `unseen import flan`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.data.places import user_catalog


def records(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert run([*arguments, "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_lists_say_how_much_of_them_is_here(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (user_catalog() / "lists").mkdir(parents=True)
    text = "list: mine\nsource: a paper\ngroups: {films: [film_notes], more: [nowhere]}\n"
    (user_catalog() / "lists" / "mine.yaml").write_text(text)
    found = {each["list"]: each for each in records(capsys, "list", "lists", "--catalog", "shipped")}
    mine = {"list": "mine", "datasets": 2, "here": 1, "groups": ["films", "more"], "source": "a paper"}
    assert found["mine"] == mine
    assert (found["t0"]["datasets"], found["t0"]["here"]) == (38, 0)
    tasks = records(capsys, "list", "tasks", "list:mine", "--catalog", "shipped")
    assert {str(each["task"]).partition(":")[0] for each in tasks} == {"sentiment/film_notes"}


def test_flans_patterns_come_in_by_the_command(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "templates.py").write_text('PATTERNS = {"rain": [("{sky}\\n{options_}", "{answer}")]}')
    (counts,) = records(capsys, "import", "flan", str(tmp_path / "templates.py"))
    assert (counts["datasets"], counts["templates"], counts["refused"]) == (1, 1, 0)
    assert (user_catalog() / "flan" / "rain.yaml").is_file()
