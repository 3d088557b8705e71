"""Arms that are compared must have had the same of something; a study says of what.

`steps`: optimizer steps. `supervised_tokens`: tokens that the loss counts, of each arm's own encoded examples.
`exposures`: examples per task, diverse data left aside. `seconds`: of tuning, taken from the positions that a step
computes, padding included, which a clock follows and another program in the way does not change. The amount is that of
one arm, the reference; every other arm's number of examples is chosen to meet it, which is `train.examples` of its
recipe, and so in its fingerprint.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
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
    return {"examples": wanted, "amount": _Counting(recipe, by).total(wanted)}


def _for_one(recipe: Recipe) -> float:
    from unseen.study.prepare import prepare

    return examples_for_one(len(prepare(recipe).tuned_on), recipe.diversity)


class _Counting:
    """What a recipe's examples add to the amount that is matched, in the order of its run."""

    def __init__(self, recipe: Recipe, by: str) -> None:
        from unseen.study.loading import load
        from unseen.study.prepare import prepare

        self.prepared, self.by = prepare(recipe), by
        self.model = load(self.prepared)

    def amounts(self, most: int) -> Iterator[tuple[int, int]]:
        """Of a run of `most` examples: numbers of examples with their supervised tokens, one by one, or with the
        positions that they compute, step by step."""
        from unseen.study.examples import encoded_for
        from unseen.train.dealing import dealing_of

        recipe = with_examples(self.prepared.recipe, most)
        encoded = encoded_for(replace(self.prepared, recipe=recipe), self.model)
        if self.by == "supervised_tokens":
            yield from ((1, each.supervised) for each in encoded)
            return
        deal = dealing_of(self.model, recipe.train, self.model.module.device).deal
        while step := list(islice(encoded, recipe.train.examples_per_step)):
            yield len(step), sum(batch.computed for batch in deal(step))

    def total(self, examples: int) -> int:
        return sum(amount for _, amount in self.amounts(examples))


def _examples_of(recipe: Recipe, by: str, target: int) -> int:
    """How many of the recipe's examples come nearest to `target`; by `seconds` in whole steps."""
    nearest = _nearest_in_stages if recipe.diversity.schedule == "stages" else _nearest
    count, total = nearest(_Counting(recipe, by), target)
    if by == "supervised_tokens" and abs(total - target) > AGREE * target:
        what = f"has examples of so many tokens that {target} supervised ones can only be met by {total}"
        raise DataMistake("matched: supervised_tokens", what, "raise train.steps of the base")
    return count


def _nearest(counting: _Counting, target: int) -> tuple[int, int]:
    """The number of examples, and what it comes to."""
    count, total = 0, 0
    for examples, amount in counting.amounts(MANY):
        if count and total + amount - target > target - total:
            break
        count, total = count + examples, total + amount
    return count, total


def _nearest_in_stages(counting: _Counting, target: int) -> tuple[int, int]:
    """The same where the number of examples says which they are, since the second stage begins at a share of it: each
    number that is tried is counted by itself."""
    size = 1 if counting.by == "supervised_tokens" else counting.prepared.recipe.train.examples_per_step
    total, most = cache(lambda parts: counting.total(parts * size)), 1
    while total(most) < target:
        most *= 2
    enough = 1 + bisect_left(range(1, most + 1), target, key=total)
    parts = min(max(1, enough - 1), enough, key=lambda each: abs(total(each) - target))
    return parts * size, total(parts)
