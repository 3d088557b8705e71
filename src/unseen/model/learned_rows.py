"""Rows of new tokens as what PEFT trains: a small matrix of their own, put into the embedding and the head whenever
these are used. Where the two are one matrix, they share the rows. Or the other way round: all of a model is tuned but
these rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unseen.errors import ModelMistake
from unseen.model.quiet import quiet_transformers


def row_indices(module: Any, rows: Sequence[int]) -> list[int] | dict[str, list[int]]:
    """LoRA's `trainable_token_indices` for `rows` of a transformers model: of both matrices, where there are two."""
    names = layers_of_rows(module)
    return list(rows) if len(names) == 1 else {name: list(rows) for name in names}


def only_rows(module: Any, rows: Sequence[int]) -> Any:
    """The transformers model `module` with `rows` of its embedding and head trainable, everything else frozen."""
    from peft import TrainableTokensConfig, get_peft_model

    config = TrainableTokensConfig(
        token_indices=list(rows), target_modules=layers_of_rows(module), task_type="CAUSAL_LM"
    )
    with quiet_transformers():
        return get_peft_model(module, config)


def keep_rows(module: Any, rows: Sequence[int]) -> None:
    """Let `rows` of the embedding and the head stay as they are in a module whose weights all learn: no gradient
    reaches them, so that an optimizer without weight decay leaves them bit by bit."""
    import torch

    def without(gradient: torch.Tensor) -> torch.Tensor:
        return gradient.index_fill(0, torch.tensor(list(rows), device=gradient.device), 0.0)

    layers = (module.get_input_embeddings(), module.get_output_embeddings())
    for weight in {id(layer.weight): layer.weight for layer in layers if layer is not None}.values():
        weight.register_hook(without)


def layers_of_rows(module: Any) -> list[str]:
    """Full names of the embedding and, where its weight is another one, of the head.

    Raises `ModelMistake` for a model whose rows PEFT would not train as they are used: it leaves out a head's bias,
    and follows a tie only where the configuration says it.
    """
    import torch

    embedding, head = module.get_input_embeddings(), module.get_output_embeddings()
    names = {id(each): name for name, each in module.named_modules()}
    tied = head is not None and head.weight is embedding.weight
    plain = isinstance(embedding, torch.nn.Embedding) and isinstance(head, torch.nn.Linear) and head.bias is None
    if not plain or tied != bool(getattr(module.config, "tie_word_embeddings", False)):
        what = "its embedding or its head is of a kind whose rows cannot learn by themselves"
        raise ModelMistake("train.new_rows", what, "set train.new_rows: frozen, or train.method: full")
    return [names[id(embedding)]] if tied else [names[id(embedding)], names[id(head)]]


def check_rows(module: Any) -> None:
    """Raise `ModelMistake` where another adapter of `module`, as PEFT has wrapped it, took the place of rows that were
    to learn: a tied head that `train.targets` names would be read without them, and PEFT says nothing."""
    from peft.utils.other import TrainableTokensWrapper

    base = module.get_base_model()
    for layer in (base.get_input_embeddings(), base.get_output_embeddings()):
        if not isinstance(layer, TrainableTokensWrapper):
            raise rows_beside_targets()


def rows_beside_targets() -> ModelMistake:
    what = "names the embedding or the head, whose rows of new tokens learn by themselves"
    return ModelMistake("train.targets", what, "take it out of targets, or set train.new_rows: frozen")


def settle_rows(module: Any) -> None:
    """Write learned rows into the matrices that they are rows of, where nothing tunes them any more: the numbers are
    the same, and the matrices are not copied whenever they are used. What is saved of the adapter does not change."""
    from peft.tuners.trainable_tokens import TrainableTokensLayer

    for layer in module.modules():
        if isinstance(layer, TrainableTokensLayer) and not layer.merged:
            layer.merge()
