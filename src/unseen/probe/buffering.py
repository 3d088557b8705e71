"""The buffering effect (DELIA, Zeng et al. 2024, on gradients): what diverse data does to the gradient of a task.

Three claims, each with a number:

1. Diverse examples alone cancel: the norm of their summed gradient is small beside the sum of their norms.
2. Once the task is tuned on, diverse examples that are like it have smaller gradients, those unlike it larger ones: the
   change of a norm falls with the example's similarity to the task.
3. The mixed gradient is nearer to the one that the task would have under many wordings than the task's own is.

Everything follows from norms, and products with three summed gradients (gradients.py). Gradients of sums are taken as
means over examples, so that the sides of a mixture weigh as its ratio says, however many examples stand for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.encode.encoded import Encoded
from unseen.phases import Advance
from unseen.probe.estimate import WIDE, Estimate
from unseen.probe.gradients import Measured, measure, summed_gradient
from unseen.probe.turning import Products, Turned, turned

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How far gradients cancel: `ratio`, the norm of their sum over the sum of their norms (1: all point alike);
    `by_chance`, what directions that have nothing to do with each other would give, 1 / sqrt(examples); `alike`, the
    mean product of two different ones over their mean squared norm, which does not depend on how many there are."""

    ratio: Estimate
    alike: Estimate
    by_chance: float
    examples: int


@dataclass(frozen=True, slots=True, eq=False)
class Buffering:
    """The three claims of one task, its diverse data and its many wordings. `similarity` (cosine with the task) and
    `change` (of the logarithm of the norm, by tuning on the task) are one for each diverse example; `correlation` is
    theirs, None where no tuned model was given. `turned` is the cosine of the mixed gradient with that of the many
    wordings, by ratio; 0 is the task alone. `norms` are those of single gradients, by set."""

    diverse: Cancellation
    task: Cancellation
    similarity: Floats
    change: Floats | None
    correlation: Estimate | None
    turned: tuple[Turned, ...]
    norms: Mapping[str, Floats]


def buffering(
    start: Any,
    task: Sequence[Encoded],
    diverse: Sequence[Encoded],
    wordings: Sequence[Encoded],
    ratios: Sequence[float],
    after: Any = None,
    batch_tokens: int = 4096,
) -> Buffering:
    """Measure a start model (a module with its adapters merged) on examples of the task in the wording that is tuned
    on, on diverse ones, and on the task in many wordings; with `after`, the same model after steps on the task, what
    that did to the diverse ones."""
    sets = {"task": task, "diverse": diverse, "wordings": wordings}
    found = measured_sets(start, sets, batch_tokens)
    return judged(found, ratios, None if after is None else measure(after, diverse, None, batch_tokens))


def measured_sets(
    start: Any,
    sets: Mapping[str, Sequence[Encoded]],
    batch_tokens: int = 4096,
    advance: Advance = lambda done, total: None,
) -> dict[str, Measured]:
    """Of every set of examples the norms of their gradients and their products with the summed gradient of each set."""
    sums = {}
    for done, (name, examples) in enumerate(sets.items(), 1):
        sums[name] = summed_gradient(start, examples, batch_tokens)
        advance(done, 2 * len(sets))
    found = {}
    for done, (name, examples) in enumerate(sets.items(), len(sets) + 1):
        found[name] = measure(start, examples, sums, batch_tokens)
        advance(done, 2 * len(sets))
    return found


def judged(found: Mapping[str, Measured], ratios: Sequence[float], after: Measured | None = None) -> Buffering:
    """The claims, from what was measured of the sets `task`, `diverse` and `wordings`; `after` is the diverse examples'
    under the tuned model."""
    task, diverse = found["task"], found["diverse"]
    similarity = diverse.cosines("task", sqrt(max(float(task.products["task"].sum()), 0.0)))
    change = None if after is None else _change(diverse, after)
    return Buffering(
        diverse=cancellation(diverse.norms, diverse.products["diverse"]),
        task=cancellation(task.norms, task.products["task"]),
        similarity=similarity,
        change=change,
        correlation=None if change is None else correlation(similarity, change),
        turned=turned({name: Products(each.norms, each.products) for name, each in found.items()}, ratios),
        norms={name: each.norms for name, each in found.items()},
    )


def _change(before: Measured, after: Measured) -> Floats:
    least = np.finfo(np.float64).tiny
    change: Floats = np.log(np.maximum(after.norms, least)) - np.log(np.maximum(before.norms, least))
    return change


def cancellation(norms: Floats, with_sum: Floats) -> Cancellation:
    """From the norm of each gradient, and its product with the sum of all of them; at least two.

    The intervals are the jackknife's (Tukey 1958): without one example the sum's squared norm is
    |S|^2 - 2 g.S + |g|^2, so that leaving each out in turn costs nothing.
    """
    count, total = len(norms), float(with_sum.sum())
    squares = norms**2
    left_total = np.maximum(total - 2 * with_sum + squares, 0.0)
    left_squares, left_norms = squares.sum() - squares, norms.sum() - norms
    ratio = sqrt(max(total, 0.0)) / float(norms.sum())
    return Cancellation(
        ratio=_jackknife(ratio, np.sqrt(left_total) / left_norms, (0.0, 1.0)),
        alike=_jackknife(
            _alike(total, float(squares.sum()), count), _alike(left_total, left_squares, count - 1), (-1.0, 1.0)
        ),
        by_chance=1 / sqrt(count),
        examples=count,
    )


def _alike(total: Any, squares: Any, count: int) -> Any:
    """Mean product of two different gradients over their mean squared norm, of the squared norm of their sum."""
    return (total - squares) / (max(count - 1, 1) * squares)


def _jackknife(value: float, without_each: Floats, bounds: tuple[float, float]) -> Estimate:
    count = len(without_each)
    error = sqrt((count - 1) / count * float(((without_each - without_each.mean()) ** 2).sum()))
    low, high = (min(max(value + side * WIDE * error, bounds[0]), bounds[1]) for side in (-1, 1))
    return Estimate(value, low, high)


def correlation(one: Floats, two: Floats) -> Estimate:
    """Rank correlation (Spearman) with its interval by Fisher's transformation, whose variance for ranks is
    1.06 / (n - 3) (Fieller, Hartley and Pearson 1957). At least four pairs. The transformation has no place for -1 and
    1; its interval is then that of ranks which agree but for two neighbours."""
    value = float(np.corrcoef(_ranks(one), _ranks(two))[0, 1])
    error = sqrt(1.06 / (len(one) - 3))
    nearly = 1 - 12 / (len(one) * (len(one) ** 2 - 1))
    middle = np.arctanh(np.clip(value, -nearly, nearly))
    low, high = (float(np.tanh(middle + side * WIDE * error)) for side in (-1, 1))
    return Estimate(value, min(low, value), max(high, value))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks
