"""How far diverse data turns a gradient, against gradients that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from unseen.probe.turning import Products, Turned, turned

Vectors = NDArray[np.float64]


def of(gradients: Mapping[str, Sequence[Sequence[float]] | Vectors], ratios: Sequence[float]) -> dict[float, Turned]:
    each = {name: np.array(vectors, dtype=np.float64) for name, vectors in gradients.items()}
    sums = {name: vectors.sum(axis=0) for name, vectors in each.items()}
    found = {
        name: Products(np.linalg.norm(vectors, axis=1), {other: vectors @ total for other, total in sums.items()})
        for name, vectors in each.items()
    }
    return {turn.ratio: turn for turn in turned(found, ratios)}


def test_by_hand() -> None:
    """The task points at (1, 1), diverse data at (1, -1), many wordings at (1, 0). Ratio 1 gets there."""
    found = of({"task": [[1, 1]] * 2, "diverse": [[1, -1]] * 3, "wordings": [[1, 0]] * 2}, [1.0])
    assert found[0.0].cosine.value == pytest.approx(np.sqrt(0.5)) and found[0.0].gain.value == 0
    assert found[1.0].cosine.value == pytest.approx(1)
    assert found[1.0].gain.value == pytest.approx(1 - np.sqrt(0.5))
    assert found[1.0].gain.low == pytest.approx(found[1.0].gain.high), "equal examples leave no doubt"


@given(st.integers(0, 1000), st.floats(0.1, 50))
def test_the_interval_is_that_of_leaving_each_example_out(seed: int, ratio: float) -> None:
    random = np.random.default_rng(seed)
    sets = {
        name: random.standard_normal((size, 4)) + 1 for name, size in (("task", 3), ("diverse", 5), ("wordings", 4))
    }

    def cosine(sets: Mapping[str, Vectors]) -> float:
        mixed = sets["task"].mean(0) + ratio * sets["diverse"].mean(0)
        ideal = sets["wordings"].mean(0)
        return float(mixed @ ideal / np.linalg.norm(mixed) / np.linalg.norm(ideal))

    variance = 0.0
    for name, vectors in sets.items():
        count = len(vectors)
        without = np.array([cosine({**sets, name: np.delete(vectors, place, axis=0)}) for place in range(count)])
        variance += (count - 1) / count * float(((without - without.mean()) ** 2).sum())
    found = of(sets, [ratio])[ratio].cosine
    assert found.value == pytest.approx(cosine(sets))
    assert found.high == pytest.approx(min(1.0, found.value + 1.959964 * np.sqrt(variance)), abs=1e-6)


def test_the_interval_of_a_gain_holds_what_more_examples_show() -> None:
    """In 88 of 100 samples at least; the true gain is that of the directions without noise."""
    random, held = np.random.default_rng(3), 0
    means = {
        "task": np.array([1.0, 1, 0, 0]),
        "diverse": np.array([1.0, -1, 0, 0]),
        "wordings": np.array([1.0, 0, 0, 0]),
    }
    for _ in range(100):
        sets = {name: mean + 0.3 * random.standard_normal((60, 4)) for name, mean in means.items()}
        gain = of(sets, [0.5])[0.5].gain
        mixed = means["task"] + 0.5 * means["diverse"]
        held += gain.low <= mixed[0] / np.linalg.norm(mixed) - np.sqrt(0.5) <= gain.high
    assert held >= 88
