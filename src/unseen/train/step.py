"""The step: one module whose forward is everything that is differentiated, and which alone is ever wrapped.

Data parallelism averages gradients only of what runs through the wrapper, so backbone, selection, head and loss are
all inside this forward, and the loop calls nothing past it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from unseen.model.backbone import backbone_of, base_of
from unseen.model.readout import Readout
from unseen.train.batch import Batch
from unseen.train.loss import head_loss, weighted_loss


class TrainStep(torch.nn.Module):  # type: ignore[misc]
    """`forward(batch)`: the weighted loss summed over the batch's supervised tokens, a float32 scalar.

    `module` is a transformers model with or without PEFT; `autocast` is the dtype that matrix products are done in,
    None for the weights' own.
    """

    def __init__(self, module: Any, readout: Readout, autocast: torch.dtype | None = None) -> None:
        super().__init__()
        self.module, self.readout, self.autocast = module, readout, autocast

    def forward(self, batch: Batch) -> torch.Tensor:
        with self._precision(batch.weights.device.type):
            if self.readout.kind == "own":
                return weighted_loss(batch.outputs(self.module), batch.targets, batch.weights)
            base = base_of(self.module)
            states = batch.outputs(backbone_of(base))
            return head_loss(self.readout, base.get_output_embeddings(), states, batch.targets, batch.weights)

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """The parameters that tuning changes, by their name in `module`; tied ones once."""
        return {name: each for name, each in self.module.named_parameters() if each.requires_grad}

    def _precision(self, device: str) -> AbstractContextManager[Any]:
        return nullcontext() if self.autocast is None else torch.autocast(device, self.autocast)
