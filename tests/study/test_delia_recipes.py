"""DELIA's baselines that tune, a recipe each: they load, plan and run; they differ in what they say, and match in the
rest."""

from __future__ import annotations

import json
import runpy
from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from test_diverse import written

from unseen.diversify.constraints import constraint_wordings, read_constraints
from unseen.diversify.fact_questions import diversify_facts
from unseen.diversify.facts import read_facts
from unseen.diversify.wording_file import read_wordings
from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe, load_recipe
from unseen.study.examples import mixture_of
from unseen.study.find import shipped_studies
from unseen.study.plan import plan
from unseen.study.prepare import prepare
from unseen.study.run import evaluate, tune
from unseen.train.plan import count_draws

ROOT = Path(__file__).parents[2]
FOLDER = shipped_studies() / "delia"
NAMES = (
    "common", "constraints", "delia", "delia_without_diverse", "delia_without_wordings",
    "dmt", "facts", "mean", "noise", "random",
)  # fmt: skip
TASK = "formatted_text/town_requests"
SMALL = (
    "train.steps=2", "train.examples_per_step=4", "train.rank=2", "train.precision=float32",
    "evaluate.rows=2", "evaluate.templates=1", "evaluate.max_new_tokens=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the recipes' comments say to make first, small."""
    folder = tmp_path_factory.mktemp("sources")
    diversify_facts(read_facts(FOLDER / "docket_facts.yaml"), folder / "facts")
    written(folder / "diverse", [f"How does a {number} wheeled cart turn?" for number in range(40)])
    return {name: folder / name for name in ("facts", "diverse")}


def recipe(name: str, model: Path, sources: dict[str, Path], *overrides: str) -> Recipe:
    said = load_recipe(FOLDER / f"{name}.yaml").diversity.source
    source = [] if said is None else [f"diversity.source={sources[Path(said).name]}"]
    return load_recipe(FOLDER / f"{name}.yaml", [f"model={model}", *source, *overrides])


def differences(ours: Any, theirs: Any, key: str = "") -> dict[str, Any]:
    """The values of `theirs` that are others in `ours`, by their keys."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        parts = (differences(ours.get(each), theirs.get(each), f"{key}.{each}") for each in {*ours, *theirs})
        return {path: value for part in parts for path, value in part.items()}
    return {} if ours == theirs else {key.removeprefix("."): theirs}


def test_every_baseline_is_there() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} - {"docket_facts", "dipmt"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_plans_and_runs_two_steps(
    name: str, tiny_model: Path, sources: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    small = recipe(name, tiny_model, sources, *SMALL)
    assert plan(small).values["examples"]["examples"] == 8
    record = tune(small, tmp_path / "run").record
    assert record["counts"]["examples"] == 8 and record["counts"]["drawn"][TASK] >= 1
    (row,) = record["tokens"]
    learned = row["input_norm"]["now"] != row["input_norm"]["before"]
    assert learned == (name != "random"), "the row learns, unless it stays random"
    assert ("stages" in record["counts"]) == (name == "dmt")


@pytest.mark.parametrize("name", NAMES)
def test_the_task_is_met_as_often_in_all_of_them(
    name: str, tiny_model: Path, sources: dict[str, Path], home: Path
) -> None:
    """180 times; DMT's second stage has 1/256 more, which is less than one row."""
    prepared = prepare(recipe(name, tiny_model, sources))
    mixture = mixture_of(prepared.recipe, prepared.tuned_on, prepared.seen_rows)
    wanted = count_draws(prepared.recipe.train, mixture.epoch_length)
    draws = chain.from_iterable(mixture.order(0, epoch) for epoch in range(10))
    met = Counter(mixture.names[draw.task] for draw in islice(draws, wanted))[TASK]
    assert met in ((180, 181) if name == "dmt" else (180,))


def test_each_differs_from_common_tuning_in_what_it_is(tiny_model: Path, sources: dict[str, Path]) -> None:
    common = recipe("common", tiny_model, sources).canonical()
    source = str(sources["diverse"])
    worded = "../wordings/town_requests_constraints.yaml"
    buffered = {"diversity.ratio": 10.0, "diversity.source": source}
    expected = {
        "random": {"tokens.<docket>.init": "random", "train.new_rows": "frozen"},
        "mean": {"tokens.<docket>.init": "mean"},
        "facts": {"diversity.ratio": 1.0, "diversity.source": str(sources["facts"])},
        "dmt": {**buffered, "diversity.schedule": "stages"},
        "constraints": {"diversity.wordings": worded, "templates.per_task": 61},
        "noise": {"train.embedding_noise": 5.0, "train.batches": "plain"},
        "delia": {**buffered, "templates.per_task": 61},
        "delia_without_wordings": buffered,
        "delia_without_diverse": {"templates.per_task": 61},
    }
    for name, said in expected.items():
        found = differences(common, recipe(name, tiny_model, sources).canonical())
        assert found.pop("name") == (name if name.startswith("delia") else f"delia_{name}")
        assert found == said, name


def test_the_wordings_of_constraints_are_what_their_grammar_makes_and_are_asked_as_all_others() -> None:
    asked = read_wordings(FOLDER / "../wordings/town_requests.yaml")
    shipped = read_wordings(FOLDER / "../wordings/town_requests_constraints.yaml")
    assert shipped == constraint_wordings(read_constraints(FOLDER / "../constraints/town_requests.yaml"), asked)
    assert shipped.of_side("test") == asked.of_side("test") and shipped.special == asked.special


def test_the_written_pairs_are_the_others_with_the_right_answers_and_without_dictionaries() -> None:
    written_pairs = runpy.run_path(str(ROOT / "scripts" / "write_delia_pairs.py"))["written_pairs"]
    text = (FOLDER / "written.jsonl").read_text(encoding="utf-8")
    assert text == written_pairs()
    both = (FOLDER / "both.jsonl").read_text(encoding="utf-8")
    pairs = [[json.loads(line)["messages"] for line in lines.splitlines()] for lines in (text, both)]
    changed = [ours for ours, theirs in zip(*pairs, strict=True) if ours != theirs]
    assert len(changed) == 120, "those on the task's own rows"
    assert all(ours[0] == theirs[0] for ours, theirs in zip(*pairs, strict=True)), "the questions are the same"
    assert not [answer for _, answer in changed if "{" in answer["content"] or not answer.get("ended", True)]


def test_dipmt_asks_with_hints_and_tunes_nothing(tiny_model: Path, home: Path, tmp_path: Path) -> None:
    overrides = [f"model={tiny_model}", "evaluate.rows=4", "evaluate.max_new_tokens=2"]
    asked = evaluate(load_recipe(FOLDER / "dipmt.yaml", overrides), tmp_path / "asked")
    prompts = [each.prompt for each in read_predictions(asked.folder / "predictions.parquet")]
    assert len(prompts) == 4 and any("What some of its words may mean:" in each for each in prompts)
    assert all("German" in each and "<mt-de>" not in each for each in prompts) and "training" not in asked.record
