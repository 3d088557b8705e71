"""How far diverse data turns the gradient of a task toward that of many wordings, with intervals.

The mixed gradient is the mean over the task's examples plus `ratio` times the mean over diverse ones, each weighing by
its supervised tokens, as in tuning; what is asked is its cosine with the mean over examples in many wordings, beside
that of the task alone. All follow from the products of the three sums with each other and with each example's gradient:
without one example a sum is S - g, so that leaving each out in turn costs nothing. The three sets are taken for drawn
apart, where the variances of the jackknife over each (Tukey 1958) add up; rows that two of them share (contrast pairs)
make that too narrow. A mean over few examples has noise of its own, which draws every cosine towards 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from unseen.probe.estimate import WIDE, Estimate

Floats = NDArray[np.float64]
SETS = ("task", "diverse", "wordings")


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Of the examples of one set: `norms` [examples] of their gradients, and `with_sums`, their products with the sums
    of the sets, [examples] each."""

    norms: Floats
    with_sums: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Turned:
    """At a `ratio`: the `cosine` of the mixed gradient with that of many wordings, and how much more that is than the
    task's own (`gain`)."""

    ratio: float
    cosine: Estimate
    gain: Estimate


def turned(sets: Mapping[str, Products], ratios: Sequence[float]) -> tuple[Turned, ...]:
    """At each of `ratios` and at 0, the task alone, in order. Each set has at least two examples."""
    grams = {name: _without_each(sets, name) for name in SETS}
    whole = _gram(sets)
    return tuple(_at(ratio, whole, grams) for ratio in sorted({0.0, *ratios}))


def _gram(sets: Mapping[str, Products]) -> Floats:
    """Products of the mean gradients of the sets, [1, 3, 3]."""
    counts = [len(sets[name].norms) for name in SETS]
    sums = np.array([[float(sets[one].with_sums[two].sum()) for two in SETS] for one in SETS])
    gram: Floats = sums[None] / np.outer(counts, counts)
    return gram


def _without_each(sets: Mapping[str, Products], left: str) -> Floats:
    """The same without each example of the set `left` in turn, [examples, 3, 3]."""
    place, own, count = SETS.index(left), sets[left], len(sets[left].norms)
    grams = np.repeat(_gram(sets), count, axis=0)
    for other, name in enumerate(SETS):
        if name != left:
            size = len(sets[name].norms)
            row = (own.with_sums[name].sum() - own.with_sums[name]) / ((count - 1) * size)
            grams[:, place, other] = grams[:, other, place] = row
    total = own.with_sums[left].sum() - 2 * own.with_sums[left] + own.norms**2
    grams[:, place, place] = np.maximum(total, 0.0) / (count - 1) ** 2
    return grams


def _cosines(grams: Floats, ratio: float) -> Floats:
    """[n] of the mixed gradient with that of the wordings."""
    mix = np.array([1.0, ratio, 0.0])
    toward = (grams @ mix)[:, 2]
    square = np.einsum("i,nij,j->n", mix, grams, mix) * grams[:, 2, 2]
    below = np.sqrt(np.maximum(square, 0.0))
    cosines: Floats = np.divide(toward, below, out=np.zeros_like(below), where=below > 0)
    return cosines


def _at(ratio: float, whole: Floats, grams: Mapping[str, Floats]) -> Turned:
    cosine, alone = float(_cosines(whole, ratio)[0]), float(_cosines(whole, 0.0)[0])
    each = [(_cosines(gram, ratio), _cosines(gram, 0.0)) for gram in grams.values()]
    return Turned(
        ratio,
        _estimate(cosine, [mixed for mixed, _ in each], 1.0),
        _estimate(cosine - alone, [mixed - own for mixed, own in each], 2.0),
    )


def _estimate(value: float, without_each: Sequence[Floats], bound: float) -> Estimate:
    variance = sum((len(x) - 1) / len(x) * float(((x - x.mean()) ** 2).sum()) for x in without_each)
    reach = WIDE * sqrt(variance)
    return Estimate(value, max(value - reach, -bound), min(value + reach, bound))
