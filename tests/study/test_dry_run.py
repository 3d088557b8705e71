"""The dry run tells what the run would do, and leaves nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.cli import run
from unseen.errors import RecipeMistake
from unseen.phases import shown_by
from unseen.progress import TOLD_IN
from unseen.recipe import Recipe
from unseen.reporting.planning import memory_line, plan_lines, process_mb, repeats_line
from unseen.section import check_model
from unseen.study.plan import plan
from unseen.study.prepare import prepare
from unseen.study.questions import asked_of, questions


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


def test_a_plan_tells_rows_that_are_drawn_again_from_other_rows_with_the_same_text(
    recipe: Recipe, home: Path, write: Callable[[str, str], Path]
) -> None:
    """Two of four rows are one text: of 16 draws, the first three to bring a text are new."""
    rows = [{"text": text, "label": label} for text, label in (("good", 1), ("good", 1), ("bad", 0), ("dull", 0))]
    write("mine/rows.jsonl", "\n".join(json.dumps(row) for row in rows))
    way = {
        "name": "w",
        "prompt": "{{text}}?",
        "answer_choices": ["no", "yes"],
        "completion": "{{answer_choices[label]}}",
    }
    mine = {"dataset": "few", "cluster": "few", "source": {"files": {"train": "rows.jsonl"}}, "templates": [way]}
    folder = write(
        "mine/few.yaml", yaml.safe_dump(mine | {"labels": {"column": "label", "words": ["no", "yes"]}})
    ).parent
    values = {**recipe.canonical(), "catalogs": ["shipped", str(folder)], "seen": ["few/*"]}
    values["train"] |= {"validation_rows": 0}
    found = plan(check_model(Recipe, values, "few", RecipeMistake)).values
    assert found["examples"]["examples"] == 16 and found["duplicates"] == 13 and found["drawn_again"] == 12
    assert plan_lines(found)["examples"].startswith("to tune on: 16 examples, 4.0 times an epoch of 4; to validate: 0")
    said = plan_lines(found)["repeats"]
    assert said.startswith("13 of 16 examples to tune on have the tokens of an earlier one: 12 a row drawn again")
    assert "1 another row or template with the same text; nothing to mend" in said


PLANNED: dict[str, Any] = {"memory_mb": 812, "machine": {"gpus": []}, "examples": {"examples": 100}}


def test_the_memory_of_a_plan_is_one_figure_with_its_parts() -> None:
    said = memory_line(PLANNED)
    assert said.startswith("about 1\u202f712 MB: 812 MB for weights") and process_mb(PLANNED) == 1712
    gpu = PLANNED | {"machine": {"gpus": [{}]}}
    assert memory_line(gpu).startswith("about 812 MB of the GPU for") and "900 MB of main memory" in memory_line(gpu)
    assert process_mb(gpu) == 900


@pytest.mark.parametrize(
    ("again", "other", "said"),
    [
        (0, 0, "none among the examples to tune on"),
        (50, 0, "50 of 100 .*: 50 a row drawn again, as rows are fewer than draws; nothing to mend"),
        (0, 30, "30 of 100 .*: 30 another row .*; take copies out of the file if they are not meant"),
    ],
)
def test_repeats_say_what_they_are_and_whether_to_mend_them(again: int, other: int, said: str) -> None:
    assert re.fullmatch(said, repeats_line(PLANNED | {"duplicates": again + other, "drawn_again": again}))


def test_a_plan_names_the_folder_that_the_run_takes(recipe: Recipe, home: Path) -> None:
    """At 0 shots a run draws no exemplars; the plan, which times some questions, opens rows beyond the run's."""
    zero = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"shots": (0,)})})
    assert plan(zero).values["folder"] == prepare(zero).folder_name


def test_questions_are_counted_for_every_draw_of_exemplars(recipe: Recipe, home: Path) -> None:
    settings = recipe.evaluate.model_copy(update={"shots": (0, 1), "seeds": (0, 1, 2)})
    once, drawn = prepare(recipe), prepare(recipe.model_copy(update={"evaluate": settings}))
    assert (once.recipe.evaluate.shots, once.recipe.evaluate.seeds) == ((0, 1), (0,))
    assert questions(drawn) == {side: (1 + 3) * count // 2 for side, count in questions(once).items()}


def test_what_is_asked_is_a_product_of_what_a_plan_names(recipe: Recipe, home: Path) -> None:
    """Base and tuned in the same templates, and base alone in plain prompts."""
    found = list(asked_of(prepare(recipe)))
    assert {each.side for each in found} == {"seen", "unseen"} and {each.models for each in found} == {2}
    for each in found:
        assert each.questions == each.rows * (2 * each.templates + each.plain) * each.draws > 0
    alone = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"base": False})})
    assert {(each.models, each.plain) for each in asked_of(prepare(alone))} == {(1, 0)}


def test_the_plan_is_printed_with_its_supervised_tokens_marked(
    recipe: Recipe, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(json.dumps(recipe.canonical()))
    assert run(["tune", str(file), "--plan"]) == 0
    printed = capsys.readouterr().out
    assert all(said in printed for said in ("«", "repeats", "questions", "MB of memory free"))
    assert run(["tune", str(file), "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 4
