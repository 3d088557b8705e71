"""Which token is drawn: softmax at a temperature, and of it the nucleus (top-p; Holtzman et al. 2020, 1904.09751)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.errors import JobFailed

Floats = NDArray[np.float64]


def nucleus_size(probabilities: Floats, top_p: float) -> int | None:
    """How many of `probabilities` [k], the largest first, are the nucleus: the fewest whose mass is at least `top_p`,
    and never none. None where all k have less, so that more of them must be known."""
    reached = np.flatnonzero(probabilities.cumsum() >= top_p)
    return int(reached[0]) + 1 if len(reached) else None


def place_drawn(probabilities: Floats, uniform: float) -> int:
    """The place in `probabilities` [k] (of any sum) whose stretch of the summed mass holds `uniform`, 0 <= u < 1.

    One of no probability is never drawn, whatever rounding does.
    """
    mass = probabilities.cumsum()
    place = int(np.searchsorted(mass, uniform * mass[-1], side="right"))
    return min(place, int(np.flatnonzero(probabilities)[-1]))


def probabilities_of(logits: Floats, temperature: float) -> Floats:
    """Softmax of `logits` [k] at `temperature` > 0, in float64. Raises `JobFailed` where they are not numbers."""
    scaled = logits / temperature
    largest = scaled.max()
    if not np.isfinite(largest):
        raise JobFailed("the model gives logits that are not numbers; load it in float32, or check its weights")
    weights: Floats = np.exp(scaled - largest)
    shares: Floats = weights / weights.sum()
    return shares


def most_probable_first(probabilities: Floats) -> NDArray[np.int64]:
    """Places of `probabilities` in falling order; of equal ones the first place first, on every machine."""
    order: NDArray[np.int64] = np.argsort(-probabilities, kind="stable")
    return order
