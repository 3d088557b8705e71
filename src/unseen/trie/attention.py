"""How a transformers model is made to read a trie: the mask of each kind of layer, and the position of each node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from unseen.encode.trie_rows import TrieRows
from unseen.trie.blocks import BLOCK, block_mask
from unseen.trie.cpu_attention import ATTENTION, stretch_mask, trie_mask

Network = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class TrieInputs:
    """`TrieRows` as tensors: `ids`, `position`, `end` int64 [rows, widest]; `rows`, `columns` int64 [edges].

    `rooted` says that each row is one subtree with padding behind it. A stretch of a trie that is read from front to
    back (stream.py) may hold several.
    """

    ids: torch.Tensor
    position: torch.Tensor
    end: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    branching: bool
    rooted: bool = True

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

    def padded(self, multiple: int) -> TrieInputs:
        """The same rows, padded to a width that is a multiple of `multiple`."""
        width = self.ids.shape[1]
        more = -width % multiple
        if not more:
            return self
        ids, position = (torch.nn.functional.pad(each, (0, more)) for each in (self.ids, self.position))
        own = torch.arange(width + 1, width + more + 1, device=self.end.device).expand(len(self.end), more)
        return replace(self, ids=ids, position=position, end=torch.cat([self.end, own], dim=1))


@dataclass(frozen=True, slots=True)
class TrieAttention:
    """What a model's layers are given to read a trie.

    `windows` has the sliding window of each kind of layer, None for one that sees everything. Where it has the single
    kind "", the model takes one mask; else a mapping of masks by kind, as transformers' `layer_types` names them.
    What a mask is made of follows the attention that the network runs with at the time: `sdpa` takes a boolean mask,
    `eager` one that is added to the scores, `unseen_trie` integers (see cpu_attention.py), `flex_attention` a block
    mask (see blocks.py).
    """

    windows: Mapping[str, int | None]

    def run(self, network: Network, inputs: TrieInputs) -> torch.Tensor:
        """The first output of `network` at every edge's source: [edges, width].

        Only what this returns is ever part of our loss: the auxiliary loss that a mixture of experts may add to its
        own, which counts tokens and so would change with sharing, is not.
        """
        flex = implementation_of(network) == "flex_attention"
        if flex:
            inputs = inputs.padded(BLOCK)
        if inputs.branching or flex:
            given = {"attention_mask": self.masks(network, inputs), "position_ids": inputs.position}
        else:
            given = {}  # under a causal mask no node sees the padding, which stands behind it
        result = network(input_ids=inputs.ids, use_cache=False, **given)
        selected: torch.Tensor = result[0][inputs.rows, inputs.columns]
        return selected

    def masks(self, network: Network, inputs: TrieInputs, behind: int = 0) -> Any:
        """One mask, or one for each kind of layer, of the nodes of `inputs` from place `behind` on.

        A cache holds the keys of the `behind` nodes before them, windows or not: `DynamicCache()`, made without a
        configuration. Only a stretch has nodes `behind` it. FlexAttention's block masks, which are for training, know
        no cache.
        """
        masks = {kind: _mask(network, inputs, window, behind) for kind, window in self.windows.items()}
        return masks.get("", masks)


def implementation_of(network: Any) -> str:
    """The attention that the layers of a transformers model run with now."""
    return str(network.config.get_text_config()._attn_implementation)


def _mask(network: Any, inputs: TrieInputs, window: int | None, behind: int) -> Any:
    implementation = implementation_of(network)
    if implementation == "flex_attention":
        return block_mask(inputs.end, inputs.position, window)
    if implementation == ATTENTION and inputs.end.device.type == "cpu":
        if inputs.rooted:
            return trie_mask(inputs.end, inputs.position, window)
        return stretch_mask(inputs.end, inputs.position, window, behind)
    seen = sees(inputs, window, behind)
    if implementation in ("sdpa", ATTENTION):
        return seen
    # In the dtype of the states, as transformers makes its own: some families do not convert scores back.
    dtype = network.get_input_embeddings().weight.dtype
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)


def sees(inputs: TrieInputs, window: int | None, behind: int = 0) -> torch.Tensor:
    """bool [rows, 1, widest - behind, widest]: whether the node of a row (query, the first `behind` left out) sees
    that of a column (key)."""
    place = torch.arange(inputs.ids.shape[1], device=inputs.ids.device)
    query, key = place[behind:, None], place[None, :]
    seen = (key <= query) & (query < inputs.end[:, None, :])
    if window is not None:
        seen &= inputs.position[:, behind:, None] - inputs.position[:, None, :] < window
    return seen[:, None]
