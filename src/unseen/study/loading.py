"""A recipe's model in memory, to be tuned or to be asked as it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.model.folder import resolve
from unseen.phases import Phase
from unseen.progress import phased
from unseen.study.prepare import Prepared

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


def load(prepared: Prepared) -> LanguageModel:
    """The recipe's model in memory with the recipe's tokens, on a GPU where there is one.

    Weights are float32, since what is tuned must not be rounded; under LoRA on a GPU that has it the frozen base is
    bfloat16, as it fits twice the model, or of `base_bits`. Raises what `check_base_bits` does.
    """
    import torch

    from unseen.model.load import load_model
    from unseen.model.new_tokens import with_tokens
    from unseen.model.quantise import check_base_bits

    check_base_bits(prepared.recipe.train)
    on_gpu = torch.cuda.is_available()
    rounded = on_gpu and torch.cuda.is_bf16_supported() and prepared.recipe.train.method != "full"
    recipe = prepared.recipe
    bits = recipe.train.base_bits
    with phased() as phases:
        phases(Phase(f"loading {recipe.model}"))
        model = load_model(prepared.model, "bfloat16" if rounded else "float32", recipe.trust_remote_code, bits)
        model = with_tokens(model, recipe.tokens, recipe.seed)
    # A quantised model is on the GPU since it was loaded, and cannot be moved as a whole.
    return replace(model, module=model.module.to("cuda")) if on_gpu and model.base_bits is None else model


def load_to_ask(prepared: Prepared) -> LanguageModel:
    """The same for a model that is asked as it stands: tokens that its own tuning gave it are left as they are."""
    given = {each.text for each in prepared.model.all_tokens}
    left = {text: said for text, said in prepared.recipe.tokens.items() if text not in given}
    return load(replace(prepared, recipe=prepared.recipe.model_copy(update={"tokens": left})))


def load_given(prepared: Prepared, start: LanguageModel, folder: Path) -> LanguageModel:
    """The tuned model that lies in `folder`, instead of `start`, whose room it needs."""
    if start.base_bits is None:  # what is quantised cannot be moved
        start.module.to("meta")
    return load_to_ask(replace(prepared, model=resolve(str(folder))))
