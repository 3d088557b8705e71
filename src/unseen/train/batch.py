"""A micro-batch, as the step sees it, and the plain one: padded rows, one example each.

How the examples of an optimizer step become micro-batches, and how a micro-batch reads a network, is behind the two
names `Batch` and `Deal`. The loop and the step know nothing else, so sharing prefixes, or an encoder beside the
decoder, is another `Deal` and changes neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from unseen.encode.batch import pad, plan_batches
from unseen.encode.encoded import Encoded

Network = Callable[..., Any]


class Batch(Protocol):
    """What the step needs of a micro-batch.

    `targets` int64 [n] and `weights` float32 [n] are the supervised tokens. `tokens` counts what the examples hold,
    `read` what of it the network needs, `nodes` how much of that is distinct where it is shared, and `computed` the
    positions that the network runs over, padding included. `ids` names the examples.
    """

    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def targets(self) -> torch.Tensor: ...
    @property
    def weights(self) -> torch.Tensor: ...
    @property
    def tokens(self) -> int: ...
    @property
    def read(self) -> int: ...
    @property
    def nodes(self) -> int: ...
    @property
    def computed(self) -> int: ...

    def outputs(self, network: Network) -> torch.Tensor:
        """Run `network` and give its first output where `targets` are predicted: [n, width]."""
        ...

    def to(self, device: torch.device) -> Batch: ...

    def silent(self) -> Batch:
        """The same batch with every weight 0: a rank with fewer micro-batches runs it, so that collectives match."""
        ...


Deal = Callable[[Sequence[Encoded]], Sequence[Batch]]
"""Makes the micro-batches of one step out of its examples."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainBatch:
    """Rows padded on the right: `input_ids` and `mask` int64 [rows, length]; `rows`, `columns` int64 [n].

    The output at (row, column) predicts the row's token at column + 1. What is padding is known by position alone:
    the pad token may be the end token, which is supervised.
    """

    ids: tuple[str, ...]
    input_ids: torch.Tensor
    mask: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int
    computed: int

    @property
    def read(self) -> int:
        return self.tokens

    @property
    def nodes(self) -> int:
        return self.tokens

    def outputs(self, network: Network) -> torch.Tensor:
        result = network(input_ids=self.input_ids, attention_mask=self.mask, use_cache=False)
        selected: torch.Tensor = result[0][self.rows, self.columns]
        return selected

    def to(self, device: torch.device) -> PlainBatch:
        names = ("input_ids", "mask", "rows", "columns", "targets", "weights")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})

    def silent(self) -> PlainBatch:
        return replace(self, weights=torch.zeros_like(self.weights))


def plain_batch(examples: Sequence[Encoded]) -> PlainBatch:
    """One padded micro-batch of `examples`, a row each."""
    padded = pad(examples)
    ids = padded.ids.astype(np.int64)
    rows, columns = np.nonzero(padded.weights[:, 1:])
    return PlainBatch(
        ids=tuple(example.id for example in examples),
        input_ids=torch.from_numpy(ids),
        mask=torch.from_numpy(padded.mask.astype(np.int64)),
        rows=torch.from_numpy(rows),
        columns=torch.from_numpy(columns),
        targets=torch.from_numpy(ids[rows, columns + 1]),
        weights=torch.from_numpy(padded.weights[rows, columns + 1]),
        tokens=int(padded.mask.sum()),
        computed=ids.size,
    )


def plain_batches(examples: Sequence[Encoded], batch_tokens: int) -> list[Batch]:
    """The examples of a step as padded micro-batches of at most `batch_tokens` positions each."""
    lengths = [len(example.ids) for example in examples]
    return [plain_batch([examples[index] for index in group]) for group in plan_batches(lengths, batch_tokens)]
