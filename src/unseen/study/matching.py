"""Arms that are compared must have had the same of something; a study says of what.

`steps`: optimizer steps. `supervised_tokens`: tokens that the loss counts, of each arm's own encoded examples.
`exposures`: examples per task, diverse data left aside. `seconds`: of tuning, taken from the positions that a step
computes, padding included, which a clock follows and another program in the way does not change. The amount is that of
one arm, the reference; every other arm's number of examples is chosen to meet it, which is `train.examples` of its
recipe, and so in its fingerprint.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake
from unseen.recipe import MANY, DiversitySettings, Recipe
from unseen.study.exposures import examples_for_one
from unseen.study.lock import held
from unseen.study.record import write_json
from unseen.study.study_folder import arm_recipe

AGREE = 0.01  # how far, as a share, an arm's supervised tokens may be from the reference's
LONG = 86_400.0  # seconds to wait for another arm that is counting the same reference
Record = dict[str, Any]


def matched_recipe(folder: Path, study: Record, arm: Record) -> tuple[Recipe, Record]:
    """The arm's recipe with as many examples as the study's matching gives it, and what it was matched to.

    Raises `DataMistake` where its supervised tokens cannot be brought within `AGREE` of the reference's.
    """
    recipe = arm_recipe(study, arm, folder)
    by = study["matched"]
    if arm["work"] == "ask":
        return recipe, {"by": by, "target": None}
    if by == "steps":
        return recipe, {"by": by, "target": recipe.train.steps}
    reference = reference_of(study, arm["seed"])
    target = _measured(folder, study, reference)
    if reference["name"] == arm["name"]:
        examples = target["examples"]
    elif by == "exposures":
        examples = round(target["amount"] * _for_one(recipe))
    else:
        examples = _examples_of(recipe, by, target["amount"])
    return with_examples(recipe, examples), {"by": by, "target": target["amount"], "reference": reference["name"]}


def with_examples(recipe: Recipe, examples: int) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"examples": examples})})


def what_it_got(record: Mapping[str, Any]) -> Record:
    """What a finished run was given, by its record; nothing where it only asked."""
    training, counts = record.get("training"), record.get("counts")
    if not training or not counts:
        return {}
    return {
        "steps": training["steps"],
        "examples": counts["examples"],
        "supervised_tokens": training["supervised_tokens"],
        "examples_per_task": counts["examples"] / recorded_for_one(record),
        "positions": training["positions_computed"],
        "tuning_seconds": record["seconds"]["tuning"],
    }


def recorded_for_one(record: Mapping[str, Any]) -> float:
    """Examples that a finished run drew for one of each of its tasks."""
    said = DiversitySettings.model_validate(record["recipe"].get("diversity") or {})
    return examples_for_one(len(record["counts"]["rates"]), said)


def reference_of(study: Record, seed: int) -> Record:
    """The arm that the others are matched to: the baseline where it is tuned, else the first that is."""
    tuned: Sequence[Record] = [arm for arm in study["arms"] if arm["seed"] == seed and arm["work"] == "tune"]
    return next((arm for arm in tuned if arm["name"] == study["baseline"]), tuned[0])


def _measured(folder: Path, study: Record, reference: Record) -> Record:
    """Examples of the reference, and its amount of what is matched; counted by one arm, read by the others."""
    path = folder / "matching" / f"{reference['name']}-seed-{reference['seed']}.json"
    with held(path.with_suffix(".lock"), LONG):
        if not path.is_file():
            write_json(path, _count(arm_recipe(study, reference, folder), study["matched"]))
        found: Record = json.loads(path.read_text(encoding="utf-8"))
    return found


def _count(recipe: Recipe, by: str) -> Record:
    from unseen.study.examples import TuningExamples
    from unseen.study.prepare import prepare

    prepared = prepare(recipe)
    wanted = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows).wanted
    if by == "exposures":
        return {"examples": wanted, "amount": wanted / examples_for_one(len(prepared.tuned_on), recipe.diversity)}
    return {"examples": wanted, "amount": sum(each for _, each in _amounts(with_examples(recipe, wanted), by))}


def _for_one(recipe: Recipe) -> float:
    from unseen.study.prepare import prepare

    return examples_for_one(len(prepare(recipe).tuned_on), recipe.diversity)


def _amounts(recipe: Recipe, by: str) -> Iterator[tuple[int, int]]:
    """What the recipe's examples add to the amount that is matched, in the order of its run: numbers of examples with
    their supervised tokens, one by one, or with the positions that they compute, step by step."""
    from unseen.study.examples import encoded_for
    from unseen.study.loading import load
    from unseen.study.prepare import prepare
    from unseen.train.dealing import dealing_of

    prepared = prepare(recipe)
    model = load(prepared)
    encoded = encoded_for(prepared, model)
    if by == "supervised_tokens":
        yield from ((1, each.supervised) for each in encoded)
        return
    deal = dealing_of(model, recipe.train, model.module.device).deal
    while step := list(islice(encoded, recipe.train.examples_per_step)):
        yield len(step), sum(batch.computed for batch in deal(step))


def _examples_of(recipe: Recipe, by: str, target: int) -> int:
    """How many of the recipe's examples come nearest to `target`; by `seconds` in whole steps."""
    count, total = 0, 0
    for examples, amount in _amounts(with_examples(recipe, MANY), by):
        if count and total + amount - target > target - total:
            break
        count, total = count + examples, total + amount
    if by == "supervised_tokens" and abs(total - target) > AGREE * target:
        what = f"has examples of so many tokens that {target} supervised ones can only be met by {total}"
        raise DataMistake("matched: supervised_tokens", what, "raise train.steps of the base")
    return count
