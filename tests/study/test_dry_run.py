"""The dry run tells what the run would do, and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.phases import shown_by
from unseen.progress import TOLD_IN
from unseen.recipe import Recipe
from unseen.study.plan import plan, questions
from unseen.study.prepare import prepare


def test_a_plan_counts_what_the_run_would_do_and_leaves_nothing(
    recipe: Recipe, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values, shown = (made := plan(recipe)).values, made.shown
    assert values["steps"] == 4 and values["examples"]["examples"] == 16
    assert values["lengths"]["shortest"] <= values["lengths"]["median"] <= values["lengths"]["longest"]
    assert 0 < values["supervised_tokens"] < values["tokens"]
    assert values["nodes"] <= values["positions_computed"] and values["sharing_ratio"] > 1
    assert values["questions"] == {"unseen": 40, "seen": 80} and values["duplicates"] == 0
    assert values["machine"]["cores"] >= 1 and 0 < values["machine"]["free_mb"] <= values["machine"]["memory_mb"]
    assert all(any(weight > 0 for _, weight in pieces) for _, pieces in shown)
    assert not (tmp_path / "runs").exists()


def test_a_plan_says_what_it_does_now(
    recipe: Recipe, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    phases = shown_by(lambda standing: told.append(standing.phase.name))
    monkeypatch.setenv(TOLD_IN, str(tmp_path / "told"))
    monkeypatch.setattr("unseen.progress.written_to", lambda file: phases)
    plan(recipe)
    unlike = [name for name in dict.fromkeys(told) if not name.startswith(("reading ", "loading "))]
    settled = ["finding its tasks", "comparing", "dealing its rows"]
    assert unlike == [*settled, "timing a few questions", "encoding", "timing two steps of tuning"]
    assert told.index("finding its tasks") < told.index("reading nli/fact_follows") < told.index("comparing")
    assert told.index("dealing its rows") < told.index(f"loading {recipe.model}") < told.index("encoding")


def test_a_plan_names_the_folder_that_the_run_takes(recipe: Recipe, home: Path) -> None:
    """At 0 shots a run draws no exemplars; the plan, which times some questions, opens rows beyond the run's."""
    zero = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"shots": (0,)})})
    assert plan(zero).values["folder"] == prepare(zero).folder_name


def test_questions_are_counted_for_every_draw_of_exemplars(recipe: Recipe, home: Path) -> None:
    settings = recipe.evaluate.model_copy(update={"shots": (0, 1), "seeds": (0, 1, 2)})
    once, drawn = prepare(recipe), prepare(recipe.model_copy(update={"evaluate": settings}))
    assert (once.recipe.evaluate.shots, once.recipe.evaluate.seeds) == ((0, 1), (0,))
    assert questions(drawn) == {side: (1 + 3) * count // 2 for side, count in questions(once).items()}


def test_the_plan_is_printed_with_its_supervised_tokens_marked(
    recipe: Recipe, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(json.dumps(recipe.canonical()))
    assert run(["tune", str(file), "--plan"]) == 0
    printed = capsys.readouterr().out
    assert all(said in printed for said in ("«", "exact duplicates", "questions", "MB of memory free"))
    assert run(["tune", str(file), "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 4
