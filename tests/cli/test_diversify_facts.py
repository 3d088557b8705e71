"""`unseen diversify facts`: what it writes and prints, and how it answers mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.diversify.given import read_given

FACTS = ["diversify", "facts"]
SAID = ["--token", "<t>", "--description", "a list of names with the eldest first"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_description_becomes_facts_to_review_and_chats(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*FACTS, *SAID, "--per-fact", "5", "--out", "made"]) == 0
    said = capsys.readouterr()
    assert said.out == "1. A part of what <t> means: a list of names.\n2. A part of what <t> means: the eldest first.\n"
    record = json.loads((here / "made" / "record.json").read_text())
    chats = read_given(here / "made" / "chats.jsonl").questions
    assert len(chats) == record["pairs"] == 10 - record["dropped_questions"]["duplicate"]
    assert (record["facts"], record["facts_from"], record["per_fact"]) == (2, "description", 5)
    assert f"{record['pairs']} pairs about 2 facts" in said.err


def test_facts_that_a_person_changed_are_taken_and_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*FACTS, *SAID, "--out", "made"]) == 0
    mine = "# mine\ntoken: <t>\nfacts: [<t> is a list.]\n"
    (here / "made" / "facts.yaml").write_text(mine)
    assert run([*FACTS, *SAID, "--out", "made"]) == 2
    assert "is there already, and may have been edited" in capsys.readouterr().err
    assert run([*FACTS, "made/facts.yaml", "--out", "made", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts_from"] == "file"
    assert (here / "made" / "facts.yaml").read_text() == mine


def test_a_recipe_describes_its_token(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = 'tokens: {"<t>": {description: a list of names}, "<u>": {description: a number}}'
    (here / "mine.yaml").write_text(f"name: mine\nseen: [a/b]\n{tokens}\n")
    assert run([*FACTS, "--recipe", "mine.yaml", "--token", "<u>"]) == 0
    assert capsys.readouterr().out == "1. <u> means: a number.\n"
    assert run([*FACTS, "--recipe", "mine.yaml", "--out", "two"]) == 2
    assert "declares 2 tokens (<t>, <u>); name one of them with --token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give one of FACTS.yaml, --recipe and --description"),
        (["--description", "a list"], "is of a token, which is not named; name it with --token"),
        (["nowhere.yaml"], "nowhere.yaml"),
        ([*SAID, "--per-fact", "99"], "--per-fact: 99 questions a fact are wanted, and the grammar has 20"),
    ],
)
def test_mistakes_are_told_in_one_line(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*FACTS, *words]) == 2
    said = capsys.readouterr().err
    assert told in said and len(said.splitlines()) == 1
