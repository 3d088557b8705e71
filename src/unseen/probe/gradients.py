"""Gradients of single examples, without a pass for each.

In a linear layer y = W x an example's gradient of W is the sum over its tokens of g_t x_t^T, where g_t is the gradient
of its loss at y. One pass over a batch gives x and g of all its examples, as no token of one reaches another. Norms and
products with a given gradient G then follow without the gradients themselves (Goodfellow 2015, "Efficient per-example
gradient computations"; for sequences Li et al. 2022, "Large language models can be strong differentially private
learners", section 4):

    |sum_t g_t x_t^T|^2 = sum_{t,u} (g_t . g_u) (x_t . x_u)        <sum_t g_t x_t^T, G> = sum_t g_t . (G x_t)

An example's loss is the sum over its supervised tokens, by their weights, so that examples weigh in a sum as they do in
a step of tuning, whose loss is the mean over all of its tokens. What is measured are the linear layers before the head;
embeddings, norms and biases are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unseen.encode.batch import pad, plan_batches
from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake, ModelMistake
from unseen.model.backbone import backbone_of, base_of

Gradient = Mapping[str, torch.Tensor]
"""A gradient by the name of its linear layer: float32 [out, in] each."""
Met = Callable[[str, torch.Tensor, torch.Tensor, NDArray[np.int64]], None]
"""What is done with a layer's x and g, float32 [rows, length, in or out], of the examples numbered so."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Of every example: `losses` (nats a token), `norms` of its gradient, and `products` with each given gradient by
    name; float64 [examples] each."""

    losses: NDArray[np.float64]
    norms: NDArray[np.float64]
    products: Mapping[str, NDArray[np.float64]]

    def cosines(self, name: str, norm: float) -> NDArray[np.float64]:
        """Cosine of each example's gradient with the one called `name`, whose norm is given; 0 where one is 0."""
        below = self.norms * norm
        return np.divide(self.products[name], below, out=np.zeros_like(below), where=below > 0)


def summed_gradient(module: Any, examples: Sequence[Encoded], batch_tokens: int = 4096) -> Gradient:
    """The sum of the gradients of all `examples` (a mean over them is this, divided by how many they are)."""
    total: dict[str, torch.Tensor] = {}

    def add(name: str, x: torch.Tensor, g: torch.Tensor, _: NDArray[np.int64]) -> None:
        found = g.flatten(0, 1).T @ x.flatten(0, 1)
        total[name] = total[name] + found if name in total else found

    _run(module, examples, batch_tokens, add)
    return total


def measure(
    module: Any, examples: Sequence[Encoded], against: Mapping[str, Gradient] | None = None, batch_tokens: int = 4096
) -> Measured:
    """Norms of the gradients of single `examples`, and their products with those in `against`."""
    squares = np.zeros(len(examples))
    products = {name: np.zeros(len(examples)) for name in against or {}}

    def add(name: str, x: torch.Tensor, g: torch.Tensor, rows: NDArray[np.int64]) -> None:
        squares[rows] += _squares(x, g)
        for other, gradient in (against or {}).items():
            found = torch.einsum("bto,oi,bti->b", g, gradient[name], x)
            products[other][rows] += found.double().numpy()

    losses = _run(module, examples, batch_tokens, add)
    return Measured(losses, np.sqrt(np.maximum(squares, 0.0)), products)


def norm_of(gradient: Gradient) -> float:
    return sqrt(sum(float(each.double().square().sum()) for each in gradient.values()))


def product_of(one: Gradient, two: Gradient) -> float:
    return sum(float((each.double() * two[name].double()).sum()) for name, each in one.items())


def cosine_of(one: Gradient, two: Gradient) -> float:
    """Between -1 and 1; 0 where one of them is 0."""
    norms = norm_of(one) * norm_of(two)
    return product_of(one, two) / norms if norms else 0.0


def _squares(x: torch.Tensor, g: torch.Tensor) -> NDArray[np.float64]:
    """Squared norm of sum_t g_t x_t^T of each row: by products of tokens where that is less work than the sum."""
    length, wide, out = x.shape[1], x.shape[2], g.shape[2]
    if 2 * length * length < wide * out:
        found = (torch.bmm(x, x.mT) * torch.bmm(g, g.mT)).sum((1, 2))
    else:
        found = torch.bmm(g.mT, x).square().sum((1, 2))
    squares: NDArray[np.float64] = found.double().numpy()
    return squares


def _run(module: Any, examples: Sequence[Encoded], batch_tokens: int, met: Met) -> NDArray[np.float64]:
    """One pass forward and back over all `examples`; the mean loss of each."""
    losses = np.zeros(len(examples))
    with _watching(module) as (layers, seen):
        for group in plan_batches([len(each.ids) for each in examples], batch_tokens):
            rows = np.array(group)
            nats, tokens = _losses(module, [examples[index] for index in group])
            losses[rows] = (nats.detach() / tokens).double().numpy()
            nats.sum().backward()
            for name in layers:
                x, g = seen.pop(name)
                met(name, x, g, rows)
    return losses


def _losses(module: Any, examples: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of each example, by the weights of its supervised tokens, and the sum of these: [examples] each."""
    padded = pad(examples)
    weights = torch.from_numpy(padded.weights[:, 1:].copy())
    totals = weights.sum(1)
    if not bool((totals > 0).all()):
        raise DataMistake(examples[int((totals <= 0).nonzero()[0])].id, "has no supervised token", "leave it out")
    ids = torch.from_numpy(padded.ids.astype(np.int64))
    mask = torch.from_numpy(padded.mask.astype(np.int64))
    logits = module(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
    nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (nats.view_as(weights) * weights).sum(1), totals


@contextmanager
def _watching(module: Any) -> Iterator[tuple[list[str], dict[str, tuple[torch.Tensor, torch.Tensor]]]]:
    """The names of the layers that are measured, and a place where each leaves inputs and gradients after a pass.

    No weight takes a gradient meanwhile; the embedding's output does, so that there is something to go back to.
    """
    layers = linear_layers(module)
    inputs: dict[str, torch.Tensor] = {}
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def leave(name: str) -> tuple[Any, Any]:
        def forward(_: Any, given: tuple[torch.Tensor, ...], __: Any) -> None:
            inputs[name] = given[0].detach().float()

        def backward(_: Any, __: Any, gradients: tuple[torch.Tensor, ...]) -> None:
            seen[name] = inputs.pop(name), gradients[0].detach().float()

        return forward, backward

    learning = {parameter: parameter.requires_grad for parameter in module.parameters()}
    embedding = base_of(module).get_input_embeddings()
    hooks = [embedding.register_forward_hook(lambda _, __, output: output.requires_grad_(True))]
    for name, layer in layers.items():
        forward, backward = leave(name)
        hooks += [layer.register_forward_hook(forward), layer.register_full_backward_hook(backward)]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        yield list(layers), seen
    finally:
        for hook in hooks:
            hook.remove()
        for parameter, learns in learning.items():
            parameter.requires_grad_(learns)


def linear_layers(module: Any) -> dict[str, torch.nn.Module]:
    """The linear layers of a decoder before its head, by name. Raises `ModelMistake` for what cannot be measured: an
    adapter that is not merged, an encoder-decoder, a family that has none."""
    base = base_of(module)
    backbone = None if base.config.is_encoder_decoder else backbone_of(base)
    if base is not module or backbone is None:
        what = "an adapter" if base is not module else "no decoder whose layers are known"
        raise ModelMistake(str(base.config.model_type), f"is {what}", "merge it, or name another model")
    found = {name: each for name, each in backbone.named_modules() if isinstance(each, torch.nn.Linear)}
    if not found:
        raise ModelMistake(str(base.config.model_type), "has no linear layers that can be measured", "name another")
    return found
