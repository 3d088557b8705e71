"""Every distinct token once, in TRL's SFTTrainer (and transformers' Trainer): a collator, and a loss for processors.

    from unseen.train.trl import TrieCollator
    trainer = SFTTrainer(model, args, train_dataset=rows, data_collator=TrieCollator(model))

A batch is an ordinary one, of ids, positions, a mask and labels, so the trainer's own loss, its normalisation by the
labels of the whole step, its metrics, its adapters and its ranks stay as they are. Off CUDA, TRL 1.16 runs the head on
every position; `TrieLoss` runs it where something is predicted:

    class Trainer(TrieLoss, SFTTrainer): ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from unseen.encode.one_batch import one_batch
from unseen.encode.trie import Ids, Weights
from unseen.encode.trie_rows import TrieRows
from unseen.errors import DataMistake, ModelMistake
from unseen.model.backbone import base_of
from unseen.trie.attention import TrieAttention, TrieInputs, implementation_of, sees
from unseen.trie.check import Plain, trie_attention
from unseen.trie.cpu_attention import ATTENTION, trie_mask
from unseen.trie.kernel import Kernel, kernel_of, width_of

IGNORED = -100  # the label that torch's cross-entropy, transformers and TRL leave out
MASKS = ("completion_mask", "assistant_masks")
OTHERWISE = "load it with attn_implementation='sdpa' where it has that, or use TRL's own collator"


class TrieCollator:
    """Rows that TRL has tokenised, as one batch of tries.

    A row has `input_ids` and `labels` (as TRL 1.16 prepares them), or the masks that labels are made of; without any
    of them every token is learned. Where there is nothing but a processor, the model is given unseen's attention for
    tries (trie/cpu_attention.py), which is torch's own for everything else.

    Raises `ModelMistake` for a model that cannot read tries, and for a mixture of experts whose auxiliary loss counts
    tokens; `DataMistake` for labels that are not the row's own tokens.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        attention = _attention(model)
        kernel = _kernel(model, attention)
        self._model = model
        self.windows, self.width = attention.windows, width_of(kernel)
        self._made = _integers if kernel.name == ATTENTION else sees

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `position_ids` and `labels` int64 [tries, nodes], and `attention_mask`: [tries, 1, nodes, nodes]
        where a trie branches (or the four integers a node that unseen's own attention reads on a CPU; a mapping
        of masks for layers of several kinds), else [tries, nodes]. TRL's log of `num_tokens`, which sums the mask,
        means nothing then.

        The label at column j + 1 is what the node of column j predicts, as every causal language model shifts them.
        """
        _refuse_auxiliary_loss(self._model)  # again: a trainer writes its own coefficient into the configuration
        given = [_sequence(row) for row in rows]
        arrays = one_batch([ids for ids, _ in given], [weights for _, weights in given], self.width)
        labels = np.full(arrays.ids.shape, IGNORED, dtype=np.int64)
        labels[arrays.rows, arrays.columns + 1] = arrays.targets
        inputs = TrieInputs.of(arrays)
        return {
            "input_ids": inputs.ids,
            "position_ids": inputs.position,
            "attention_mask": self._mask(arrays, inputs),
            "labels": torch.from_numpy(labels),
        }

    def _mask(self, arrays: TrieRows, inputs: TrieInputs) -> Any:
        if not arrays.branching:
            # In a row of one branch every node but the padding has the same end.
            return (inputs.end == inputs.end[:, :1]).long()
        masks = _Masks({kind: self._made(inputs, window) for kind, window in self.windows.items()})
        return masks.get("", masks)


def _integers(inputs: TrieInputs, window: int | None) -> torch.Tensor:
    return trie_mask(inputs.end, inputs.position, window)


class _Masks(dict[str, torch.Tensor]):
    """A mask for each kind of layer. TRL counts tokens by the mask's `sum`."""

    def sum(self) -> torch.Tensor:
        return next(iter(self.values())).sum()


class TrieLoss:
    """In front of a trainer's class: the loss over a `TrieCollator`'s batch, with the head where something is asked.

    The sum over the labels, divided by `num_items_in_batch` (the labels of the whole optimizer step, over all ranks)
    where the trainer gives it, else by the batch's own. Entropy and accuracy, which need the trainer's own loss, are
    not logged.
    """

    accelerator: Any
    args: Any

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        labels = inputs.pop("labels")[:, 1:]
        columns = (labels != IGNORED).any(dim=0).nonzero()[:, 0]
        outputs = model(**inputs, logits_to_keep=columns, use_cache=False)
        asked = labels[:, columns]
        where = asked != IGNORED
        count = where.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        loss = cross_entropy(outputs.logits[where].float(), asked[where], reduction="sum") / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes  # which data parallelism divides by
        return (loss, outputs) if return_outputs else loss


def _refuse_auxiliary_loss(model: Any) -> None:
    config = model.config.get_text_config()
    if hasattr(config, "output_router_logits") and getattr(config, "router_aux_loss_coef", None):
        what = "is a mixture of experts, whose auxiliary loss counts every token"
        raise ModelMistake(_name(model), what, "set router_aux_loss_coef to 0, or use TRL's own collator")


def _attention(model: Any) -> TrieAttention:
    _refuse_auxiliary_loss(model)
    attention = trie_attention(model)
    if isinstance(attention, Plain):
        raise ModelMistake(_name(model), attention.reason, OTHERWISE)
    if (implementation := implementation_of(base_of(model))) not in ("sdpa", ATTENTION):
        what = f"runs attention as {implementation}, whose masks do not travel in a batch"
        raise ModelMistake(_name(model), what, OTHERWISE)
    return attention


def _kernel(model: Any, attention: TrieAttention) -> Kernel:
    """The attention that the model runs with from now on; torch's own where a trainer will move the model."""
    kernel = Kernel("sdpa") if torch.accelerator.is_available() else kernel_of(model, attention, torch.device("cpu"))
    base = base_of(model)
    if kernel.name != implementation_of(base):
        base.set_attn_implementation(kernel.name)
    return kernel


def _name(model: Any) -> str:
    return str(getattr(model.config, "_name_or_path", "") or type(model).__name__)


def _sequence(row: Mapping[str, Any]) -> tuple[Ids, Weights]:
    ids = np.asarray(row["input_ids"], dtype=np.int32)
    if "labels" in row:
        labels = np.asarray(row["labels"])
        asked = labels != IGNORED
        if len(labels) != len(ids) or (labels[asked] != ids[asked]).any():
            raise DataMistake("labels", "are not the tokens of their row", "use TRL's own collator for such rows")
        return ids, asked.astype(np.float32)
    asked = np.ones(len(ids), dtype=np.bool_)
    for mask in MASKS:
        asked &= np.asarray(row.get(mask, asked), dtype=np.bool_)
    return ids, asked.astype(np.float32)
