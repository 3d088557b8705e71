"""The format in which a recipe's model is tuned and asked: source and target apart where it is an encoder-decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unseen.encode.format import Format, format_of, pair_format
from unseen.errors import RecipeMistake
from unseen.recipe import Recipe

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


def format_for(recipe: Recipe, model: LanguageModel) -> Format:
    """Raises `ModelMistake` for a format that the model cannot have, `RecipeMistake` for a loss that it cannot have."""
    if model.kind == "decoder":
        return format_of(recipe.format, model.tokenizer, recipe.system)
    if recipe.seen and recipe.train.prompt_weight:
        what = "weighs the prompt's tokens, which an encoder-decoder reads and does not predict"
        raise RecipeMistake("train.loss", what, "set it to completion")
    longest = min(recipe.train.max_target_tokens, model.context)
    return pair_format(recipe.format, model.tokenizer, recipe.system, longest)


def plain_format(format: Format) -> Format:
    """The format of GPT-3-style prompts, which have no system turn, for the same model."""
    return Format("pair", None, format.longest_target) if format.kind == "pair" else Format("plain")
