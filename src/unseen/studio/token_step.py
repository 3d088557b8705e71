"""The first examples of a recipe's mixture, or those of a later step, as the tokens that are tuned on together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from unseen.encode.encode import encode_many
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format, format_of, pair_format
from unseen.errors import TooLong
from unseen.recipe import Recipe
from unseen.study.examples import TuningExamples
from unseen.study.prepare import Settled
from unseen.studio.tokenizers import Ready

MOST_EXAMPLES, MOST_STEPS = 128, 200  # of a step that are drawn; steps that are counted through


@dataclass(frozen=True, slots=True)
class Step:
    """The examples of step `number` (from 1), as far as they are shown: `whole` of them are in the step. `names` are of
    rows and tasks; `too_long` were left out until its end, and `cuts` count what was cut in it."""

    number: int
    encoded: tuple[Encoded, ...]
    names: tuple[str, ...]
    whole: int
    too_long: int
    cuts: Mapping[str, int]
    format: Format


def step_of(settled: Settled, ready: Ready, number: int, most: int) -> Step:
    """Step `number` of the mixture, with at most `most` of its examples. Raises what `encode_many` raises."""
    recipe = settled.recipe
    layout = format_of_recipe(recipe, ready)
    per_step = recipe.train.examples_per_step
    examples = TuningExamples(recipe, settled.tuned_on, settled.seen_rows, settled.rows)
    before = (number - 1) * per_step
    # What is left out for its length moves later examples up, so all before the step are encoded too.
    too_long: list[TooLong] = []
    tokens = encode_many(
        examples,
        ready.tokenizer,
        layout,
        recipe.train.max_tokens,
        recipe.train.prompt_weight,
        too_long.append,
    )
    encoded = tuple(islice(tokens, before, before + min(per_step, most)))
    cuts: dict[str, int] = {}
    for each in encoded:
        for name, count in each.cuts.items():
            cuts[name] = cuts.get(name, 0) + count
    return Step(number, encoded, tuple(map(_name, encoded)), per_step, len(too_long), cuts, layout)


def format_of_recipe(recipe: Recipe, ready: Ready) -> Format:
    if ready.folder.kind == "encoder-decoder":
        return pair_format(recipe.format, ready.tokenizer, recipe.system, recipe.train.max_target_tokens)
    return format_of(recipe.format, ready.tokenizer, recipe.system)


def _name(encoded: Encoded) -> str:
    """film_notes train/12, from cluster/film_notes|template|train/12."""
    task, _, row = encoded.id.split("|", 2)
    return f"{task.rpartition('/')[2]} {row}"


