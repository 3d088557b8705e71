"""The BLEURT checkpoint that a recipe names: looked at before anything runs, and asked when everything was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unseen.evaluation.learned import pairs_of, with_bleurt
from unseen.evaluation.prediction import Prediction
from unseen.progress import say
from unseen.recipe import Recipe

UNTRIED = "bleurt: values come from a conversion that was never compared with Google's own; see docs/evaluation.md"


def check_bleurt(recipe: Recipe) -> None:
    """Raise `ModelMistake` where the recipe names a folder that holds no BLEURT."""
    if recipe.evaluate.bleurt is not None:
        from unseen.model.bleurt import read_config

        read_config(recipe.place_of(recipe.evaluate.bleurt))


def judge_of(recipe: Recipe) -> str | None:
    """The digest of the BLEURT that the recipe names; it may be read for seconds."""
    if recipe.evaluate.bleurt is None:
        return None
    from unseen.model.bleurt import bleurt_digest

    return bleurt_digest(recipe.place_of(recipe.evaluate.bleurt))


def judged_by_bleurt(recipe: Recipe, predictions: Sequence[Prediction]) -> tuple[list[Prediction], dict[str, Any]]:
    """The predictions with what the recipe's BLEURT says of those that were generated; and for the record its digest,
    how many it judged and how many pairs of texts it had to cut. Nothing changes where the recipe names none."""
    if recipe.evaluate.bleurt is None:
        return list(predictions), {}
    from unseen.model.bleurt import load_bleurt

    say(UNTRIED)
    judge = load_bleurt(recipe.place_of(recipe.evaluate.bleurt))
    judged = sum(each.kind == "generate" for each in predictions)
    facts = {"digest": judge.digest, "judged": judged, "cut_pairs": judge.cut(*pairs_of(predictions))}
    return with_bleurt(predictions, judge), facts
