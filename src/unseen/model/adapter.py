"""What is tuned of a model: LoRA adapters (Hu et al. 2021) and rows of new tokens, through PEFT, or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.errors import ModelMistake
from unseen.model.learned_rows import check_rows, keep_rows, only_rows, row_indices, rows_beside_targets
from unseen.model.quantise import is_quantised
from unseen.model.quiet import quiet_transformers
from unseen.recipe import TrainSettings

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


def trainable(module: Any, settings: TrainSettings, seed: int, rows: Sequence[int] = ()) -> Any:
    """`module` ready to be tuned by `settings.method`: with a fresh adapter, whole, or with the rows of new tokens
    alone; an earlier adapter is merged. `rows` are the ids of the new tokens."""
    if settings.method == "lora":
        return add_lora(module, settings, seed, rows if settings.new_rows == "learn" else ())
    module = merged(module)
    if settings.method == "tokens":
        return only_rows(module, rows)
    module.requires_grad_(True)
    if rows and settings.new_rows == "frozen":
        keep_rows(module, rows)
    return module


def new_ids(model: LanguageModel) -> list[int]:
    """The ids of the tokens that a model was given since it was loaded."""
    return [] if model.new_rows is None else model.new_rows.ids


def add_lora(module: Any, settings: TrainSettings, seed: int, rows: Sequence[int] = ()) -> Any:
    """`module` with a fresh adapter on its linear layers: the adapter is trainable, and `rows` of the embedding and of
    the head; everything else is frozen.

    The adapter's start is drawn from `seed` alone; the global random state is left as it was. An adapter that is
    there already is merged first, so that the new one stands on what the model says now.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    module = merged(module)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha if settings.alpha is not None else 2 * settings.rank,
        lora_dropout=settings.dropout,
        target_modules=_targets(module, settings),
        trainable_token_indices=row_indices(module, rows) if rows else None,
        task_type="SEQ_2_SEQ_LM" if getattr(module.config, "is_encoder_decoder", False) else "CAUSAL_LM",
    )
    with torch.random.fork_rng(), quiet_transformers():  # PEFT meets deprecations that are not ours to mend
        torch.manual_seed(seed)
        try:
            adapted = get_peft_model(module, config)
        except ValueError as error:
            raise ModelMistake("train.targets", str(error), "name modules of this model, or all-linear") from None
        except TypeError:
            if not rows:
                raise
            raise rows_beside_targets() from None
    if rows:
        check_rows(adapted)
    return adapted


def is_adapted(module: Any) -> bool:
    """Whether `module` is a model with an adapter around it."""
    return hasattr(module, "peft_config")


def save_adapter(module: Any, folder: Path) -> None:
    """Write the adapter alone, with the rows that it learned, and without the embeddings that they are rows of.

    By default PEFT adds the whole embedding when it cannot tell (227 MB for a 135M model).
    """
    module.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model card, of blanks to fill in


def merged(module: Any) -> Any:
    """A model without the adapter and with its effect, to rounding; `module` itself is used up.

    Raises `ModelMistake` for an adapter on a quantised base, which would round its effect to 4 or 8 bits.
    """
    if not is_adapted(module):
        return module
    if is_quantised(module):
        what = "the adapter there already cannot become part of a quantised base"
        raise ModelMistake("train.base_bits", what, "tune on from a model without an adapter, or without base_bits")
    with quiet_transformers():
        return module.merge_and_unload()


def _targets(module: Any, settings: TrainSettings) -> str | list[str]:
    if settings.targets != "attention":
        return settings.targets if isinstance(settings.targets, str) else list(settings.targets)
    return attention_layers(module)


def attention_layers(module: Any) -> list[str]:
    """Full names of the linear layers inside attention blocks, whatever the family calls them."""
    # Conv1D is what GPT-2 calls its linear layers; the last two are bitsandbytes'.
    linear = ("Linear", "Conv1D", "Linear8bitLt", "Linear4bit")
    names = [name for name, layer in module.named_modules() if type(layer).__name__ in linear]
    found = [name for name in names if "attention" in _parent(module, name)]
    if not found:
        raise ModelMistake("train.targets", "no attention layers are found in this model", "use all-linear")
    return found


def _parent(module: Any, name: str) -> str:
    return type(module.get_submodule(name.rpartition(".")[0])).__name__.lower()
