"""Questions with both models' answers, sorted by what tuning did to them, and which of them a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from unseen.evaluation.prediction import Prediction

SHOWN = 10
JUDGED = {
    (True, True): "right by both",
    (False, True): "mended by tuning",
    (True, False): "broken by tuning",
    (False, False): "wrong by both",
}
BETTER, WORSE, SAME = "better after tuning", "worse after tuning", "as good as before"
UNJUDGED = "judged over the whole task only"
KINDS = (*JUDGED.values(), BETTER, WORSE, SAME, "right", "partly right", "wrong", UNJUDGED)


@dataclass(frozen=True, slots=True)
class Pair:
    """One question and both models' answers; None for a model that was not asked it."""

    question: Prediction
    base: Prediction | None
    tuned: Prediction | None

    @property
    def answers(self) -> list[tuple[str, Prediction]]:
        """The answers there are, by model."""
        return [(name, each) for name, each in (("base", self.base), ("tuned", self.tuned)) if each is not None]


def pairs_of(predictions: Iterable[Prediction]) -> list[Pair]:
    """Questions that were asked with instructions, each with the answers of base and tuned."""
    found: dict[tuple[object, ...], dict[str, Prediction]] = {}
    for each in predictions:
        if not each.plain:
            key = each.task, each.side, each.template, each.row_id, each.shots, each.seed
            found.setdefault(key, {})[each.model] = each
    return [Pair(next(iter(each.values())), each.get("base"), each.get("tuned")) for each in found.values()]


def by_kind(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Pairs of one side and way of asking, by kind, in the order of `KINDS`.

    Where any answer is judged in degrees, tuning makes answers better or worse; else it mends or breaks them.
    """
    graded = any(value_of(each) not in (None, 0.0, 100.0) for pair in pairs for _, each in pair.answers)
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(_kind(pair, graded), []).append(pair)
    return {kind: found[kind] for kind in KINDS if kind in found}


def value_of(prediction: Prediction) -> float | None:
    """0..100 by the first metric that judges single rows; None for corpus metrics alone."""
    return next((prediction.values[name] for name in prediction.metrics if name in prediction.values), None)


def _kind(pair: Pair, graded: bool) -> str:
    values = [value for _, each in pair.answers if (value := value_of(each)) is not None]
    if not values:
        return UNJUDGED
    if len(values) == 1:
        return "right" if values[0] == 100 else "wrong" if values[0] == 0 else "partly right"
    before, after = values
    if graded:
        return BETTER if after > before else WORSE if after < before else SAME
    return JUDGED[before == 100, after == 100]


def chosen_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """`SHOWN` of them: tasks in turn, rows not shown yet first, within a task by hash of the question's ids."""
    tasks: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=_hash):
        tasks.setdefault(pair.question.task, []).append(pair)
    turns = zip_longest(*(_new_rows_first(tasks[name]) for name in sorted(tasks)))
    return [pair for turn in turns for pair in turn if pair is not None][:SHOWN]


def _new_rows_first(pairs: Sequence[Pair]) -> list[Pair]:
    firsts: dict[tuple[str, int], Pair] = {}
    again = [pair for pair in pairs if firsts.setdefault(pair.question.row_id, pair) is not pair]
    return [*firsts.values(), *again]


def _hash(pair: Pair) -> str:
    one = pair.question
    return sha256(f"{one.task} {one.template} {one.row_id} {one.shots} {one.seed}".encode()).hexdigest()
