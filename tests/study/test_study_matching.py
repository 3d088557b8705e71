"""Arms are given the same of what their study matches, and what they were given is counted, not assumed."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from tiny_studies import BASE, tiny_study

from unseen.errors import DataMistake
from unseen.study.arm_cost import Size, as_matched
from unseen.study.arms import expand
from unseen.study.examples import TuningExamples, encoded_for
from unseen.study.exposures import exposures_of
from unseen.study.loading import load
from unseen.study.matching import matched_recipe, what_it_got
from unseen.study.prepare import prepare
from unseen.study.study_folder import Record, open_study
from unseen.train.dealing import dealing_of

ARMS = [
    {"name": "all"},
    {"name": "long", "set": {"seen": ["struct_to_text/cafe_cards"]}},
    {"name": "short", "set": {"seen": ["sentiment/film_notes"], "templates.turned": False}},
]


def matched(folder: Path, model: Path, by: str, steps: int = 20) -> dict[str, tuple[object, Record]]:
    """By arm: its recipe as matched, and what that was matched to."""
    train = {**BASE["train"], "steps": steps, "examples_per_step": 8}  # type: ignore[dict-item]
    base = {"train": train, "mixture": {"rate": "equal"}}
    study = tiny_study(folder, model, base=base, arms=ARMS, matched=by)
    opened = open_study(study, expand(study), folder / "here")
    return {arm["name"]: matched_recipe(folder / "here", opened, arm) for arm in opened["arms"]}


def test_supervised_tokens_agree_within_one_in_a_hundred(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    found = matched(tmp_path, tiny_model, "supervised_tokens")
    totals, examples = {}, {}
    for name, (recipe, to) in found.items():
        prepared = prepare(recipe)  # type: ignore[arg-type]
        encoded = list(encoded_for(prepared, load(prepared)))
        totals[name], examples[name] = sum(each.supervised for each in encoded), len(encoded)
        assert to["by"] == "supervised_tokens" and to["reference"] == "all"
    assert totals["all"] == found["all"][1]["target"] and examples["all"] == 160
    assert all(abs(total / totals["all"] - 1) <= 0.01 for total in totals.values())
    assert examples["short"] > 2 * examples["long"]


def test_too_few_examples_to_meet_the_tokens_is_a_mistake(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataMistake, match=r"can only be met by \d+; raise train.steps"):
        matched(tmp_path, tiny_model, "supervised_tokens", steps=1)


def test_seconds_are_met_to_the_nearest_step(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    positions, largest = {}, {}
    for name, (recipe, _) in matched(tmp_path, tiny_model, "seconds", steps=6).items():
        prepared = prepare(recipe)  # type: ignore[arg-type]
        model = load(prepared)
        deal = dealing_of(model, prepared.recipe.train, model.module.device).deal
        encoded = list(encoded_for(prepared, model))
        assert len(encoded) % 8 == 0
        steps = [sum(b.computed for b in deal(encoded[at : at + 8])) for at in range(0, len(encoded), 8)]
        positions[name], largest[name] = sum(steps), max(steps)
    assert all(abs(positions[name] - positions["all"]) <= largest[name] / 2 for name in positions)


def test_exposures_are_examples_of_each_task(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    exposures = {}
    for name, (recipe, _) in matched(tmp_path, tiny_model, "exposures").items():
        prepared = prepare(recipe)  # type: ignore[arg-type]
        examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
        exposures[name] = examples.wanted / len(prepared.tuned_on)
    assert exposures == {"all": 40.0, "long": 40.0, "short": 40.0}


def test_exposures_are_of_the_tasks_and_diverse_data_come_on_top(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    """Every arm meets the rows of its two tasks as often; the diverse examples beside them are not among these."""
    chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Nobody."}]
    (tmp_path / "chats.jsonl").write_text(json.dumps({"messages": chat}) + "\n")
    diverse = {
        "diversity.source": str(tmp_path / "chats.jsonl"),
        "diversity.ratio": 2.5,
        "diversity.schedule": "alternating",
    }
    staged = diverse | {"diversity.schedule": "stages", "diversity.fraction": 0.25}
    arms = [{"name": "plain"}, {"name": "mixed", "set": diverse}, {"name": "staged", "set": staged}]
    train = {**BASE["train"], "steps": 4, "examples_per_step": 8}  # type: ignore[dict-item]
    base = {"mixture": {"rate": "equal"}, "train": train, "templates": {"turned": False}}
    study = tiny_study(tmp_path, tiny_model, base=base, arms=arms, baseline="plain", matched="exposures")
    opened = open_study(study, expand(study), tmp_path / "here")
    for arm in opened["arms"]:
        recipe, to = matched_recipe(tmp_path / "here", opened, arm)
        prepared = prepare(recipe)
        examples = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
        ids = [each.id for each in islice(examples, examples.wanted)]
        met = {task: found.examples for task, found in exposures_of(ids).items()}
        own = [count for task, count in met.items() if not task.startswith("diverse/")]
        assert len(own) == 2 and abs(sum(own) - 32) <= 1, arm["name"]
        assert sum(met.values()) == len(ids) == {"plain": 32, "mixed": 112, "staged": 96}[arm["name"]]
        got = what_it_got(
            {
                "recipe": recipe.canonical(),
                "training": {"steps": 1, "supervised_tokens": 1, "positions_computed": 1},
                "counts": {"examples": len(ids), "rates": dict.fromkeys(met, 0.0)},
                "seconds": {"tuning": 1.0},
            }
        )
        assert got["examples_per_task"] == pytest.approx(to["target"]) == 16.0


@pytest.mark.parametrize("by", ["supervised_tokens", "seconds"])
def test_a_run_in_stages_is_matched_with_what_both_stages_have(
    by: str, tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    """Its chats are longer than its rows, so a count as if the first stage never ended gives 2.6 times too much."""
    answers = (f"{number} {'Nobody knows, ' * 30}" for number in range(50))
    chats = ([{"role": "user", "content": "Who?"}, {"role": "assistant", "content": each}] for each in answers)
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps({"messages": each}) + "\n" for each in chats))
    source = {"diversity.source": str(tmp_path / "chats.jsonl"), "diversity.ratio": 2.0}
    arms = [{"name": "plain"}, {"name": "staged", "set": source | {"diversity.schedule": "stages"}}]
    train = {**BASE["train"], "steps": 20, "examples_per_step": 8}  # type: ignore[dict-item]
    base = {"train": train, "templates": {"turned": False}}
    study = tiny_study(tmp_path, tiny_model, base=base, arms=arms, baseline="plain", matched=by)
    opened = open_study(study, expand(study), tmp_path / "here")
    recipe, to = matched_recipe(tmp_path / "here", opened, opened["arms"][1])
    prepared = prepare(recipe)
    model = load(prepared)
    encoded = list(encoded_for(prepared, model))
    if by == "seconds":
        deal = dealing_of(model, recipe.train, model.module.device).deal
        steps = [sum(each.computed for each in deal(encoded[at : at + 8])) for at in range(0, len(encoded), 8)]
        assert len(encoded) % 8 == 0 and abs(sum(steps) - to["target"]) <= max(steps)
    else:
        assert abs(sum(each.supervised for each in encoded) / to["target"] - 1) <= 0.01


def test_the_reference_is_counted_once(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    matched(tmp_path, tiny_model, "exposures")
    (path,) = (tmp_path / "here" / "matching").glob("*.json")
    path.write_text(path.read_text().replace("40.0", "10.0"))
    study = tiny_study(tmp_path, tiny_model, base={"mixture": {"rate": "equal"}}, arms=ARMS, matched="exposures")
    opened = open_study(study, expand(study), tmp_path / "there")
    (path.parent.rename(tmp_path / "there" / "matching"))
    recipe, _ = matched_recipe(tmp_path / "there", opened, opened["arms"][2])
    assert recipe.train.examples == 10


@pytest.mark.parametrize(
    "by, examples", [("steps", 10), ("exposures", 200), ("supervised_tokens", 50), ("seconds", 25)]
)
def test_a_plan_foresees_the_matching(by: str, examples: int) -> None:
    reference = Size(examples=100, positions=10.0, supervised=5.0, tasks=2, questions=1)
    own = Size(examples=10, positions=40.0, supervised=10.0, tasks=4, questions=1)
    assert as_matched(own, reference, by).examples == examples
    assert as_matched(Size(0, 0.0, 0.0, 0, 1), reference, by).examples == 0
