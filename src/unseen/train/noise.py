"""NEFTune (Jain et al. 2023, arXiv 2310.05914): noise on the input embeddings while tuning, and at no other time.

An example of L tokens, embedded in d dimensions, gets numbers drawn uniformly from -1 to 1, times alpha / sqrt(L d).
They depend on (seed, step, example) alone: not on padding, on how a step is cut into micro-batches, on which process
runs them, or on what was drawn before; so a resumed run and a step that is done again have the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import sqrt
from typing import Any

import numpy as np
import torch

from unseen.errors import RecipeMistake
from unseen.recipe import TrainSettings
from unseen.task.seeds import generator
from unseen.train.batch import Batch, Network, PlainBatch


@dataclass(frozen=True, slots=True, eq=False)
class NoisyBatch(PlainBatch):
    """A padded micro-batch of step `step`; `nth` of each row tells examples apart that a step has twice."""

    alpha: float
    seed: int
    step: int
    nth: tuple[int, ...]

    def outputs(self, network: Network) -> torch.Tensor:
        """As without noise, which is added to what the embedding of `network` gives."""
        embedding = network.get_input_embeddings()  # type: ignore[attr-defined]
        hook = embedding.register_forward_hook(self._added)
        try:
            return PlainBatch.outputs(self, network)
        finally:
            hook.remove()

    def _added(self, _: Any, __: Any, embedded: torch.Tensor) -> torch.Tensor:
        noise = torch.zeros(embedded.shape, dtype=torch.float32)
        for row, length in enumerate(self.mask.sum(1).tolist()):
            noise[row, :length] = torch.from_numpy(self._drawn(row, length, embedded.shape[-1]))
        return embedded + noise.to(embedded)

    def _drawn(self, row: int, length: int, width: int) -> Any:
        """float32 [length, width]."""
        draw = generator(self.seed, "embedding noise", self.step, self.ids[row], self.nth[row])
        uniform = draw.random((length, width), dtype=np.float32) * 2 - 1
        return uniform * np.float32(self.alpha / sqrt(length * width))


def with_noise(batches: Sequence[Batch], settings: TrainSettings, seed: int, step: int) -> Sequence[Batch]:
    """The micro-batches of step `step` (from 0), with noise where the settings ask for it.

    The same example twice in a step gets noise twice: micro-batches are cut from one order of the step's examples,
    whatever their size, so the first and the second of them are always the same.
    """
    if not settings.embedding_noise:
        return batches
    seen: Counter[str] = Counter()
    return [_noisy(batch, settings.embedding_noise, seed, step, seen) for batch in batches]


def _noisy(batch: Batch, alpha: float, seed: int, step: int, seen: Counter[str]) -> NoisyBatch:
    if not isinstance(batch, PlainBatch):
        what = "is drawn for each example of a decoder, and these micro-batches are of another kind"
        raise RecipeMistake("train.embedding_noise", what, "take it out, or set batches: plain and name a decoder")
    nth = []
    for name in batch.ids:
        nth.append(seen[name])
        seen[name] += 1
    values = {name: getattr(batch, name) for name in (field.name for field in fields(PlainBatch))}
    return NoisyBatch(**values, alpha=alpha, seed=seed, step=step, nth=tuple(nth))
