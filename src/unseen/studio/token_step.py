"""The examples of a step of a recipe's mixture, as the tokens that are tuned on together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from unseen.encode.encode import encode_many
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format, format_of, pair_format
from unseen.errors import TooLong
from unseen.prompt.example import Example
from unseen.recipe import Recipe
from unseen.reporting.numbers import row_of_id
from unseen.studio.tokenizers import Ready
from unseen.study.examples import TuningExamples
from unseen.study.prepare import Settled

MOST_EXAMPLES, MOST_STEPS = 128, 200  # of a step that are drawn; steps that are counted through


@dataclass(frozen=True, slots=True)
class Step:
    """The examples of step `number` (from 1), as far as they are shown: `whole` of them are in the step. `names` are of
    tasks and rows; `too_long` were left out until its end, and `cuts` count what was cut in it."""

    number: int
    encoded: tuple[Encoded, ...]
    names: tuple[str, ...]
    whole: int
    too_long: int
    cuts: Mapping[str, int]
    format: Format


def step_of(settled: Settled, ready: Ready, number: int, most: int) -> Step:
    """Step `number` of the mixture, with at most `most` of its examples. Raises what `encode_many` raises.

    What is left out for its length moves later examples up, so all before the step are encoded too.
    """
    recipe, layout = settled.recipe, format_of_recipe(settled.recipe, ready)
    per_step, limit, weight = recipe.train.examples_per_step, recipe.train.max_tokens, recipe.train.prompt_weight
    examples = TuningExamples(recipe, settled.tuned_on, settled.seen_rows, settled.rows)
    too_long: list[TooLong] = []

    def encoded_of(part: list[Example]) -> Iterator[Encoded]:
        return encode_many(part, ready.tokenizer, layout, limit, weight, too_long.append)

    tokens = chain.from_iterable(map(encoded_of, _parts(iter(examples), per_step)))
    start = (number - 1) * per_step
    encoded = tuple(islice(tokens, start, start + min(per_step, most)))
    cuts: Counter[str] = Counter()
    for each in encoded:
        cuts.update(each.cuts)
    return Step(number, encoded, tuple(map(_name, encoded)), per_step, len(too_long), cuts, layout)


def _parts(examples: Iterator[Example], size: int) -> Iterator[list[Example]]:
    while True:
        yield list(islice(examples, size))


def format_of_recipe(recipe: Recipe, ready: Ready) -> Format:
    """The format in which the recipe's model is tuned; see `study.formats`, which has the model loaded."""
    if ready.folder.kind == "encoder-decoder":
        return pair_format(recipe.format, ready.tokenizer, recipe.system, recipe.train.max_target_tokens)
    return format_of(recipe.format, ready.tokenizer, recipe.system)


def _name(encoded: Encoded) -> str:
    """film_notes train[12], of the example cluster/film_notes|template|train/12."""
    task, _, row = encoded.id.split("|", 2)
    return f"{task.rpartition('/')[2]} {row_of_id(row)}"
