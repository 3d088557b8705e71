"""From hidden states to logits, so that the output head runs only where something is predicted.

A vocabulary is many times wider than a hidden state, so logits are the largest thing that tuning or asking could hold.
Some families change their logits after the head (Gemma 2 caps, Cohere multiplies, Granite and T5 divide); `readout_of`
knows these four and compares with the model's own forward, which is used as it is where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import torch

from unseen.encode.encoded import Encoded
from unseen.model.backbone import backbone_of, base_of

CHUNK_LOGITS = 2**24  # 64 MB in float32


class Probe(Protocol):
    """A batch on which two ways to the logits are compared."""

    def outputs(self, network: Any) -> torch.Tensor:
        """The first output of `network` at some positions: [n, width]."""
        ...

    def to(self, device: torch.device) -> Probe: ...


@dataclass(frozen=True, slots=True)
class Readout:
    """How logits come about: `head`: from the backbone's states, times `scale`, capped at `cap`; `own`: the model's."""

    kind: Literal["head", "own"]
    scale: float = 1.0
    cap: float | None = None

    def logits(self, head: torch.nn.Module, states: torch.Tensor) -> torch.Tensor:
        """float32 [n, vocabulary]."""
        logits: torch.Tensor = head(states).float()
        if self.scale != 1.0:
            logits = logits * self.scale
        return logits if self.cap is None else self.cap * torch.tanh(logits / self.cap)


def chunk_size(head: torch.nn.Module) -> int:
    """How many states are read at once."""
    vocabulary = max(int(parameter.shape[0]) for parameter in head.parameters())
    return max(1, CHUNK_LOGITS // vocabulary)


def readout_of(module: Any, probe: Probe) -> Readout:
    """The readout of `module`, checked against its own forward on the batch `probe`; `own` where they differ."""
    base = base_of(module)
    head = base.get_output_embeddings()
    backbone = backbone_of(base)
    if head is None or backbone is None:
        return Readout("own")
    readout = _declared(base)
    probe = probe.to(next(base.parameters()).device)
    with torch.no_grad(), _evaluating(base):
        own = probe.outputs(module).float()
        ours = readout.logits(head, probe.outputs(backbone))
    if own.shape != ours.shape:
        return Readout("own")
    tolerance = 1e-4 if next(base.parameters()).dtype == torch.float32 else 3e-2
    difference = float((own - ours).abs().max() / own.abs().max().clamp_min(1e-6))
    return readout if difference < tolerance else replace(readout, kind="own")


def _declared(base: Any) -> Readout:
    """What the model's configuration says about its logits."""
    config = base.config.get_text_config()
    multiplied = getattr(config, "logit_scale", None) or 1.0
    divided = getattr(config, "logits_scaling", None) or 1.0
    if getattr(config, "scale_decoder_outputs", config.model_type == "umt5"):  # T5's, where its head is tied
        divided *= config.d_model**0.5
    return Readout("head", float(multiplied) / float(divided), getattr(config, "final_logit_softcapping", None))


def probe_examples(module: Any) -> list[Encoded]:
    """Two examples whose prompts and completions differ in length, so that padding is part of what is compared."""
    vocabulary = int(base_of(module).config.get_text_config().vocab_size)
    rows = [np.arange(1, 1 + length, dtype=np.int64) * 7919 % vocabulary for length in (7, 4)]
    return [Encoded("probe", row.astype(np.int32), np.ones(len(row), dtype=np.float32), len(row) // 2) for row in rows]


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)
