"""Encoder-decoders: every distinct source runs through the encoder once, and its states are selected for each target.

T5 and BART decoders take a mask, but count positions from the index, so targets run as plain decoder rows. The result
and its gradients are those of one row a pair. Encoder, selection and decoder run in one call of `outputs`, so that
whatever wraps the step (data parallelism, sharding) sees all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from transformers.modeling_outputs import BaseModelOutput

from unseen.encode.batch import plan_batches
from unseen.encode.pairs import DecoderRow, Pair, PairRows, pair_rows, plan_pairs
from unseen.encode.trie import Ids
from unseen.errors import ModelMistake
from unseen.model.backbone import backbone_of, base_of
from unseen.model.readout import Readout, chunk_size, probe_examples, readout_of

PROBE_TOKENS = 1024  # the examples that a readout is checked on are a few dozen
TENSORS = ("sources", "source_mask", "inputs", "source", "rows", "columns", "targets", "weights")


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """`PairRows` as tensors, a micro-batch of the step (see `train.batch.Batch`); ids are int64, the mask is int64."""

    ids: tuple[str, ...]
    sources: torch.Tensor
    source_mask: torch.Tensor
    inputs: torch.Tensor
    source: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int
    read: int
    nodes: int
    computed: int

    @classmethod
    def of(cls, arrays: PairRows, ids: Sequence[str]) -> PairBatch:
        tensors = {
            name: torch.from_numpy(
                np.asarray(getattr(arrays, name), dtype=np.float32 if name == "weights" else np.int64)
            )
            for name in TENSORS
        }
        counts = {name: getattr(arrays, name) for name in ("tokens", "read", "nodes")}
        return cls(ids=tuple(ids), **tensors, **counts, computed=arrays.sources.size + arrays.inputs.size)

    def outputs(self, network: Any) -> torch.Tensor:
        """The first output of `network` (an encoder-decoder, or its `Stacks`) where targets are predicted: [n, width].

        The decoder needs no mask of its own: its padding stands behind what is read.
        """
        encoded = network.get_encoder()(input_ids=self.sources, attention_mask=self.source_mask)[0]
        result = network(
            encoder_outputs=BaseModelOutput(encoded[self.source]),
            attention_mask=self.source_mask[self.source],
            decoder_input_ids=self.inputs,
            use_cache=False,
        )
        selected: torch.Tensor = result[0][self.rows, self.columns]
        return selected

    def to(self, device: torch.device) -> PairBatch:
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in TENSORS})

    def silent(self) -> PairBatch:
        return replace(self, weights=torch.zeros_like(self.weights))


def pair_batch(pairs: Sequence[Pair], rows: Sequence[DecoderRow], start: int) -> PairBatch:
    """One micro-batch: `rows` of `pairs`."""
    arrays = pair_rows(pairs, rows, start)
    return PairBatch.of(arrays, [pairs[index].id for index in arrays.members])


def pair_batches(pairs: Sequence[Pair], start: int, batch_tokens: int) -> list[PairBatch]:
    """The micro-batches of a step; `start` is the model's `decoder_start`."""
    return [pair_batch(pairs, rows, start) for rows in plan_pairs(pairs, batch_tokens)]


def single_pair_batches(pairs: Sequence[Pair], start: int, batch_tokens: int) -> list[PairBatch]:
    """The same step with one row a pair, its source with it, and nothing shared: for comparison."""
    asked = [index for index, pair in enumerate(pairs) if pair.read]
    groups = plan_batches([len(pairs[index].source) + pairs[index].read for index in asked], batch_tokens)
    alone = {index: DecoderRow(source=index, read=pairs[index].read, members=(index,)) for index in asked}
    return [pair_batch(pairs, [alone[asked[place]] for place in group], start) for group in groups]


def decoder_start(module: Any) -> int:
    """The token that the decoder of `module` begins with. Raises `ModelMistake` where its configuration has none."""
    start = getattr(module.config, "decoder_start_token_id", None)
    if start is None:
        remedy = "set decoder_start_token_id in its config.json"
        raise ModelMistake(type(module).__name__, "does not say what its decoder begins with", remedy)
    return int(start)


def seq2seq_readout(module: Any) -> Readout:
    """How the logits of the encoder-decoder `module` come about (see `readout_of`)."""
    examples = [Pair.of(example) for example in probe_examples(module)]
    return readout_of(module, pair_batches(examples, decoder_start(module), batch_tokens=PROBE_TOKENS)[0])


def option_log_probs(
    module: Any, readout: Readout, questions: Sequence[tuple[Ids, Sequence[Ids]]], batch_tokens: int
) -> Iterator[list[tuple[int, tuple[float, ...]]]]:
    """Summed log-probability, in nats, of each option (of a token or more) of each question: a source with options.

    After each micro-batch gives the questions that it completes, by index. Every distinct source of a micro-batch is
    read once. The log-softmax is taken in float32, where an option's token is predicted. `module` must be in
    evaluation mode; `readout` is its `seq2seq_readout`.
    """
    asked = [(number, option) for number, (_, options) in enumerate(questions) for option in options]
    pairs = [Pair("", questions[number][0], option, np.ones(len(option), np.float32)) for number, option in asked]
    start = np.cumsum([0, *(len(options) for _, options in questions)])  # of each question's options among all
    missing = [len(options) for _, options in questions]
    totals = np.zeros(len(pairs))
    for rows in plan_pairs(pairs, batch_tokens):
        arrays = pair_rows(pairs, rows, decoder_start(module))
        found = _log_probs(module, readout, PairBatch.of(arrays, [""] * len(arrays.members)).to(module.device))
        totals[list(arrays.members)] = np.add.reduceat(found.double().cpu().numpy(), arrays.starts[:-1])
        numbers = [asked[member][0] for member in arrays.members]
        for number in numbers:
            missing[number] -= 1
        complete = [number for number in dict.fromkeys(numbers) if not missing[number]]
        yield [(number, tuple(totals[start[number] : start[number + 1]].tolist())) for number in complete]


@torch.inference_mode()  # type: ignore[untyped-decorator]
def _log_probs(module: Any, readout: Readout, batch: PairBatch) -> torch.Tensor:
    """float32 [n]: log-probability of every target of `batch`."""
    if readout.kind == "own":
        return _at(batch.outputs(module).float(), batch.targets)
    base = base_of(module)
    head, states = base.get_output_embeddings(), batch.outputs(backbone_of(base))
    size = chunk_size(head)
    parts = zip(states.split(size), batch.targets.split(size), strict=True)
    return torch.cat([_at(readout.logits(head, part), targets) for part, targets in parts])


def _at(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1).gather(-1, targets[:, None])[:, 0]
