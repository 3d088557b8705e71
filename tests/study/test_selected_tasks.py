"""The sides that a recipe names, on the shipped datasets: lists, languages and rules, and what is told of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.cli import run
from unseen.data.places import shipped_catalog, user_catalog
from unseen.errors import HoldOutMistake, Mistakes, RecipeMistake, TaskMistake
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.section import check_model
from unseen.study.prepare import prepare
from unseen.study.run import tune
from unseen.study.selected import selected_tasks
from unseen.task.catalog import load_catalog

NAMED: dict[str, Any] = {
    "name": "sides",
    "seen": ["paraphrase/*", "sentiment/*", "!sentiment/shop*"],
    "unseen": ["nli/*"],
    "hold_out": {"rules": "flan"},
}


def of(**values: Any) -> Recipe:
    return check_model(Recipe, {**NAMED, **values}, "sides", RecipeMistake)


def test_rules_leave_seen_tasks_out_and_say_why() -> None:
    sides = selected_tasks(of(), load_catalog(["shipped"]))
    assert [task.name for task in sides.seen] == ["sentiment/film_notes"]
    assert {task.cluster for task in sides.unseen} == {"nli"}
    (name, why), = sides.excluded.items()  # fmt: skip
    assert name == "paraphrase/same_request" and "paraphrase, which nli" in why
    assert not selected_tasks(of(hold_out={}), load_catalog(["shipped"])).excluded


def test_rules_that_leave_nothing_are_a_mistake() -> None:
    with pytest.raises(HoldOutMistake, match="leave no seen task; paraphrase/same_request for example"):
        selected_tasks(of(seen=["paraphrase/*"]), load_catalog(["shipped"]))


def test_what_is_wrong_with_both_sides_is_told_together_and_once() -> None:
    with pytest.raises(Mistakes) as told:
        selected_tasks(of(seen=["nope/*", "list:nope"], unseen=["nope/*", "nli/nope"]), load_catalog(["shipped"]))
    assert len(told.value.lines) == 3


@pytest.fixture
def complaints(home: Path) -> None:
    """A task that only the user's catalog has, and a file beside it that is no description."""
    file = user_catalog() / "complaints.yaml"
    file.parent.mkdir(parents=True)
    shipped = yaml.safe_load((shipped_catalog() / "film_notes.yaml").read_text(encoding="utf-8"))
    rows = {split: str(shipped_catalog() / path) for split, path in shipped["source"]["files"].items()}
    mine = {"dataset": "complaints", "cluster": "complaints", "origin": ["complaints"], "source": {"files": rows}}
    file.write_text(yaml.safe_dump(shipped | mine), encoding="utf-8")


@pytest.mark.parametrize("pattern", ["complaints/*", "!complaints/complaints", "complaints/*:turned"])
def test_a_task_of_another_catalog_is_told_with_that_catalog_and_how_to_add_it(pattern: str, complaints: None) -> None:
    said = r"matches no task of shipped: complaints/complaints\S* is in the catalog user; add user to catalogs: "
    with pytest.raises(TaskMistake, match=rf"{said}\[shipped, user\], on"):
        selected_tasks(of(seen=["nli/*", pattern], unseen=["sentiment/*"]), load_catalog(["shipped"]))
    assert selected_tasks(of(seen=["nli/*", pattern], unseen=["sentiment/*"]), load_catalog(["shipped", "user"])).seen


def test_the_command_line_tells_it_too(complaints: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nseen: [complaints/*]\nunseen: [nli/*]\n")
    assert run(["tune", str(tmp_path / "mine.yaml"), "--plan"]) == 2
    assert (
        "complaints/complaints is in the catalog user; add user to catalogs: [shipped, user]" in capsys.readouterr().err
    )
    assert run(["list", "tasks", "complaints/*", "--catalog", "shipped"]) == 2
    assert "on the command line --catalog shipped --catalog user" in capsys.readouterr().err


def test_another_catalog_with_a_mistake_in_it_is_not_in_the_way(complaints: None) -> None:
    (user_catalog() / "odd.yaml").write_text("dataset: [")
    with pytest.raises(TaskMistake, match=r"'complaints/\*' matches no task; tasks: "):
        selected_tasks(of(seen=["complaints/*"]), load_catalog(["shipped"]))


def test_a_language_that_no_task_has_is_a_mistake() -> None:
    with pytest.raises(TaskMistake, match="has only the languages is; their languages: en"):
        selected_tasks(of(languages=["is"]), load_catalog(["shipped"]))


def test_options_are_asked_of_both_sides() -> None:
    sides = selected_tasks(of(templates={"options": "suffix"}), load_catalog(["shipped"]))
    assert {task.options for task in (*sides.seen, *sides.unseen)} == {"suffix"}


def test_a_run_tells_what_was_selected_in_its_record_and_on_its_page(
    recipe: Recipe, home: Path, tmp_path: Path
) -> None:
    (user_catalog() / "lists").mkdir(parents=True)
    text = "list: mine\nsource: a test\ngroups: {all: [film_notes, same_request, [no_such, neither]]}\n"
    (user_catalog() / "lists" / "mine.yaml").write_text(text)
    values = recipe.canonical() | {"seen": ["list:mine"], "hold_out": {"rules": "flan"}}
    run = tune(check_model(Recipe, values, "sides", RecipeMistake), out=tmp_path / "run")
    record = json.loads((run.folder / "record.json").read_text())
    assert record["lists"] == {"mine": {"entries": 3, "found": 2, "missing": ["no_such"]}}
    assert record["hold_out"]["rules"] == "flan" and list(record["hold_out"]["excluded"]) == ["paraphrase/same_request"]
    assert not any(name.startswith("paraphrase") for name in record["tasks"]["seen"])
    page = report([run.folder]).read_text()
    for said in (
        "List mine",
        "2 of its 3 datasets were there; not here: no_such",
        "which nli (nli/fact_follows) excludes",
    ):
        assert said in page


def test_lists_rules_and_languages_are_in_the_fingerprint(recipe: Recipe) -> None:
    prints = {
        prepare(check_model(Recipe, recipe.canonical() | more, "sides", RecipeMistake)).fingerprint
        for more in ({}, {"hold_out": {"rules": "flan"}}, {"languages": ["en"]}, {"templates": {"options": "suffix"}})
    }
    assert len(prints) == 4
