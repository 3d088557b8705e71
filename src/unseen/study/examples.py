"""The mixture's draws as examples, and as tokens on disk: rendered and encoded once, in the order of the run."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.data.dataset import Row
from unseen.encode.encode import encode_many
from unseen.encode.encoded import Encoded
from unseen.encode.store import EncodedStore
from unseen.errors import DataMistake, TooLong
from unseen.evaluation.exemplars import ExemplarPool, arrangement, exemplars_of
from unseen.phases import Advance, Phase, Phases, untold
from unseen.prompt.conversation import why_empty
from unseen.prompt.example import Example
from unseen.prompt.fewshot import with_exemplars
from unseen.recipe import Recipe
from unseen.study.diverse import order_of
from unseen.study.formats import format_for
from unseen.study.prepare import Prepared
from unseen.study.reworded import as_tuned
from unseen.study.seen_rows import ChosenRows, OpenRows, SeenRows
from unseen.task.mixture import Draw, Mixture
from unseen.task.render import example_of
from unseen.task.seeds import key, mixed
from unseen.task.stages import Stages
from unseen.task.task import Task
from unseen.train.plan import count_draws

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

AT_ONCE = 1024  # numbers of exemplars that are drawn together
TOLD_EVERY = 64  # examples between two times that it is told how many there are
HOPELESS = 4096  # examples that do not fit, one after the other
EXAMPLES = "examples"  # the store's place in a run's folder, while the run goes on


def mixture_of(recipe: Recipe, tasks: Sequence[Task], rows: SeenRows) -> Mixture | Stages:
    """The mixture of the seen tasks over the rows that are tuned on, and of the diverse data, which comes last."""
    return order_of(recipe, tasks, [len(rows.tune[task.name]) for task in tasks])


class TuningExamples:
    """Examples of a run in the order of the mixture, without end; iterating again gives the same ones.

    `wanted` is how many the run takes. `counts` holds how many renderings of the last pass were `empty`, how many were
    `rendered`, and how many of these end with an answer that was `broken_off`, or are in the `first_stage` of two;
    `shots` how many were given so many exemplars.
    """

    def __init__(self, recipe: Recipe, tasks: Sequence[Task], rows: SeenRows, open_rows: OpenRows) -> None:
        self.recipe, self.rows, self.open_rows = recipe, rows, open_rows
        self.tasks = tuple(as_tuned(recipe, task) for task in tasks)
        self.mixture = mixture_of(recipe, self.tasks, rows)
        self.wanted = count_draws(recipe.train, self.mixture.epoch_length)
        self._shown: dict[tuple[int, int], tuple[Example, ...]] = {}  # exemplars that are fixed for task and template
        self.shots: Counter[int] = Counter()
        self.counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Example]:
        """A draw that renders empty is counted, and the next one takes its place."""
        self.counts, self.shots = Counter(), Counter()
        seed = self.recipe.seed
        alone = self.mixture.first if isinstance(self.mixture, Stages) else 0
        for epoch in count():
            before = self.counts["rendered"]
            numbers = shots_in_turn(self.recipe.shots, seed, epoch)
            for draw in self.mixture.order(seed, epoch):
                example = self._example(draw, next(numbers))
                alone -= 1
                self.counts["empty" if example is None else "rendered"] += 1
                if example is not None:
                    self.counts["broken_off"] += not example.segments[-1].ended
                    self.counts["first_stage"] += alone >= 0
                    yield example
            if self.counts["rendered"] == before:
                raise DataMistake("seen", _nothing_of(self.tasks), "see unseen render TASK --check")

    def _example(self, draw: Draw, shots: int) -> Example | None:
        task = self.tasks[draw.task]
        row = self.open_rows(task, "train")[int(self.rows.tune[task.name][draw.row])]
        example = example_of(task, draw.template, row)
        if example is None:
            return None
        self.shots[shots] += 1
        arrange = arrangement(self.recipe.evaluate.balanced, task)
        exemplars = exemplars_of(example, self._candidates(draw, row, shots), shots, arrange)
        return with_exemplars(example, exemplars, self.recipe.evaluate.exemplar_layout)

    def _candidates(self, draw: Draw, row: Row, shots: int) -> tuple[Example, ...]:
        """Exemplars out of the rows that are tuned on: neither validation rows nor what the hold-out dropped."""
        task, seed, settings = self.tasks[draw.task], self.recipe.seed, self.recipe.evaluate
        if not shots:
            return ()
        tuned_on = ChosenRows(self.open_rows(task, "train"), self.rows.tune[task.name])
        pool = ExemplarPool(task, "train", tuned_on, arrangement(settings.balanced, task))
        if settings.exemplars == "row":
            return pool.rendered(draw.template, shots, seed, row)
        place = draw.task, draw.template
        if place not in self._shown:
            self._shown[place] = pool.rendered(draw.template, max(self.recipe.shots), seed)
        return self._shown[place]


def shots_in_turn(shots: Sequence[int], seed: int, epoch: int) -> Iterator[int]:
    """The number of exemplars of each draw of an epoch, drawn evenly from `shots`."""
    if len(shots) == 1:
        yield from repeat(shots[0])
    drawn = key(seed, "shots", epoch)
    for start in count(step=AT_ONCE):
        for bits in mixed(drawn, np.arange(start, start + AT_ONCE)).tolist():
            yield shots[bits % len(shots)]


def _nothing_of(tasks: Sequence[Task]) -> str:
    why = "; ".join(f"each of {task.name} {why_empty(task.dataset.kind)}" for task in tasks[:3])
    return f"no row makes an example: {why}"


def validation_examples(
    recipe: Recipe, tasks: Sequence[Task], rows: SeenRows, open_rows: OpenRows
) -> Iterator[Example]:
    """Each held-out row of the seen tasks once, its templates taken in turn."""
    for task in (as_tuned(recipe, each) for each in tasks):
        if task.turned:
            continue
        templates = min(recipe.templates.per_task, len(task.templates)) or 1
        for number, place in enumerate(rows.validate[task.dataset.task]):
            example = example_of(task, number % templates, open_rows(task, "train")[int(place)])
            if example is not None:
                yield example


def encoded_examples(
    examples: TuningExamples, encode: Callable[[Iterable[Example]], Iterator[Encoded]]
) -> Iterator[Encoded]:
    """As many encoded examples as the run takes; for those that `encode` leaves out, the next ones are drawn.

    Raises `DataMistake` when it leaves out an epoch of them, or `HOPELESS`, one after the other.
    """
    drawn, missing, left_out = iter(examples), examples.wanted, 0
    while missing:
        before = missing
        for each in encode(islice(drawn, missing)):
            missing -= 1
            yield each
        left_out = left_out + before if missing == before else 0
        if left_out >= min(examples.mixture.epoch_length, HOPELESS):
            remedy = "raise train.max_tokens (with an encoder-decoder, train.max_target_tokens too)"
            raise DataMistake("mixture", f"none of {left_out} examples fits into max_tokens", remedy)


def encoded_for(prepared: Prepared, model: LanguageModel) -> Iterator[Encoded]:
    """The run's examples as tokens, in its order, each made when it is asked for."""
    examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    return encoded_examples(examples, _encoder(prepared.recipe, model, []))


def _encoder(
    recipe: Recipe, model: LanguageModel, too_long: list[TooLong]
) -> Callable[[Iterable[Example]], Iterator[Encoded]]:
    return partial(
        encode_many,
        tokenizer=model.tokenizer,
        format=format_for(recipe, model),
        limit=min(recipe.train.max_tokens, model.context),
        prompt_weight=recipe.train.prompt_weight,
        too_long=too_long.append,
    )


def encode_examples(
    prepared: Prepared, model: LanguageModel, folder: Path, phases: Phases = untold
) -> tuple[EncodedStore, list[Encoded], dict[str, Any]]:
    """The run's examples and its validation examples as tokens, and counts of what was drawn, left out and cut."""
    recipe = prepared.recipe
    too_long: list[TooLong] = []
    encode = _encoder(recipe, model, too_long)
    examples = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    places: list[int] = []
    drawn_on = _told(encoded_examples(examples, encode), phases(Phase("encoding", "examples")), examples.wanted)
    stored = EncodedStore.write(folder / EXAMPLES, _with_places(drawn_on, too_long, places))
    left_out = len(too_long)
    held = list(validation_examples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows))
    validation = list(encode(held))
    held_rows = sum(len(prepared.seen_rows.validate[t.dataset.task]) for t in prepared.tuned_on if not t.turned)
    cuts: Counter[str] = Counter()
    for each in stored:
        cuts.update(each.cuts)
    drawn = _drawn(stored)
    counts = {
        "examples": len(stored),
        "epoch_length": examples.mixture.epoch_length,
        "empty_renderings": examples.counts["empty"],
        "broken_off": examples.counts["broken_off"],
        "too_long": left_out,
        "shots": {str(shots): number for shots, number in sorted(examples.shots.items())},
        "cuts": dict(cuts),
        "drawn": dict(sorted(drawn.items())),
        **_stages(examples, stored, places),
        "templates": {task.name: min(recipe.templates.per_task, len(task.templates)) for task in examples.tasks},
        "rates": dict(zip(examples.mixture.names, examples.mixture.rates, strict=True)),
        "validation_examples": len(validation),
        "validation_empty": held_rows - len(held),
        "validation_too_long": len(too_long) - left_out,
        "rows": _rows(prepared, examples.tasks, stored),
    }
    return stored, validation, counts


def _with_places(encoded: Iterable[Encoded], too_long: Sequence[TooLong], places: list[int]) -> Iterator[Encoded]:
    """`encoded` as it is; `places` gets each one's place among all that were rendered, those left out counted too."""
    for each in encoded:
        places.append(len(places) + len(too_long))
        yield each


def _told(encoded: Iterable[Encoded], advance: Advance, wanted: int) -> Iterator[Encoded]:
    """`encoded` as it is; `advance` is told how many of those that are wanted there are."""
    for done, each in enumerate(encoded, 1):
        yield each
        if done % TOLD_EVERY == 0:
            advance(done, wanted)


def _drawn(examples: Iterable[Encoded]) -> Counter[str]:
    """How many of the examples are of each task."""
    return Counter(each.id.partition("|")[0] for each in examples)


def _rows(prepared: Prepared, tasks: Sequence[Task], stored: Iterable[Encoded]) -> dict[str, dict[str, int]]:
    """What became of each dataset's rows; `met` are those, of the ones `tuned_on`, that an example was made of: a run
    of less than an epoch meets fewer, and a row that a turned-around task has too counts once."""
    of = {task.name: task.dataset.task for task in tasks}
    met: dict[str, set[str]] = {name: set() for name in of.values()}
    for each in stored:
        met[of[each.id.partition("|")[0]]].add(each.id.rpartition("|")[2])
    return {name: {**each, "met": len(met[name])} for name, each in prepared.seen_rows.counts.items()}


def _stages(examples: TuningExamples, stored: Sequence[Encoded], places: Sequence[int]) -> dict[str, Any]:
    """What was drawn in each stage of a run that has two."""
    if not isinstance(examples.mixture, Stages):
        return {}
    end = bisect_left(places, examples.counts["first_stage"])
    parts = (islice(stored, end), islice(stored, end, None))
    return {"stages": [dict(sorted(_drawn(part).items())) for part in parts]}
