"""How a transformers model is made to read a trie: the mask of each kind of layer, and the position of each node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from unseen.encode.trie_rows import TrieRows

Network = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class TrieInputs:
    """`TrieRows` as tensors: `ids`, `position`, `end` int64 [rows, widest]; `rows`, `columns` int64 [edges]."""

    ids: torch.Tensor
    position: torch.Tensor
    end: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    branching: bool

    @classmethod
    def of(cls, arrays: TrieRows) -> TrieInputs:
        ids, position, end = (
            torch.from_numpy(each.astype("int64")) for each in (arrays.ids, arrays.position, arrays.end)
        )
        return cls(
            ids, position, end, torch.from_numpy(arrays.rows), torch.from_numpy(arrays.columns), arrays.branching
        )

    def to(self, device: torch.device) -> TrieInputs:
        names = ("ids", "position", "end", "rows", "columns")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})


@dataclass(frozen=True, slots=True)
class TrieAttention:
    """What a model's layers are given to read a trie.

    `windows` has the sliding window of each kind of layer, None for one that sees everything. Where it has the single
    kind "", the model takes one mask; else a mapping of masks by kind, as transformers' `layer_types` names them.
    `implementation` is the attention that the masks are made for.
    """

    windows: Mapping[str, int | None]
    implementation: Literal["sdpa", "eager", "flex_attention"] = "sdpa"

    def run(self, network: Network, inputs: TrieInputs) -> torch.Tensor:
        """The first output of `network` at every edge's source: [edges, width]."""
        if inputs.branching:
            given = {"attention_mask": self.masks(inputs), "position_ids": inputs.position}
        else:
            given = {}  # under a causal mask no node sees the padding, which stands behind it
        result = network(input_ids=inputs.ids, use_cache=False, **given)
        selected: torch.Tensor = result[0][inputs.rows, inputs.columns]
        return selected

    def masks(self, inputs: TrieInputs) -> Any:
        """One mask, or one for each kind of layer."""
        masks = {kind: self._mask(inputs, window) for kind, window in self.windows.items()}
        return masks.get("", masks)

    def _mask(self, inputs: TrieInputs, window: int | None) -> Any:
        seen = sees(inputs, window)
        if self.implementation == "sdpa":
            return seen
        least = torch.finfo(torch.float32).min
        return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, least)


def sees(inputs: TrieInputs, window: int | None) -> torch.Tensor:
    """bool [rows, 1, widest, widest]: whether the node of a row (query) sees that of a column (key)."""
    place = torch.arange(inputs.ids.shape[1], device=inputs.ids.device)
    query, key = place[:, None], place[None, :]
    seen = (key <= query) & (query < inputs.end[:, None, :])
    if window is not None:
        seen &= inputs.position[:, :, None] - inputs.position[:, None, :] < window
    return seen[:, None]
