"""Short tunings on one thing alone: how far they move parameters, and what the model says to general prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.encode.encoded import Encoded
from unseen.probe.divergence import Divergence, estimated
from unseen.probe.drawn import Drawing, draw_answers
from unseen.probe.kept import Kept, key_of
from unseen.probe.moved import Moved, moved
from unseen.progress import bar
from unseen.recipe import TrainSettings
from unseen.study.formats import format_for
from unseen.study.prepare import Prepared
from unseen.study.probes.buffered_sets import BufferedSets
from unseen.study.probes.divergence import compared_answers
from unseen.study.probes.runs import start_facts, start_model
from unseen.task.seeds import generator
from unseen.train.kept import example_digest
from unseen.train.plan import plan_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """After `steps` on `on` (`diverse` or `task`) alone: how far the parameters `moved` from the start, and the
    divergence D(tuned || start) of answers to general prompts, of which so many were `broken_off`."""

    on: str
    steps: int
    examples: int
    supervised_tokens: int
    moved: Moved
    divergence: Divergence
    answers: int
    broken_off: int


def tuned_alone(
    prepared: Prepared,
    start: LanguageModel,
    sets: BufferedSets,
    steps: int,
    drawing: tuple[int, int],
    folder: Path,
    kept: Kept,
) -> tuple[Alone, ...]:
    """Tune the start model on all diverse data alone, and on all rows of the task in its one wording alone, by the
    recipe's own settings. `drawing` is the longest answer and the seed. A tuning goes on from its checkpoints."""
    return tuple(
        _alone(prepared, start, name, examples, sets, steps, drawing, folder, kept)
        for name, examples in (("diverse", sets.all_diverse), ("task", sets.all_task))
    )


def _alone(
    prepared: Prepared,
    start: LanguageModel,
    name: str,
    examples: Sequence[Encoded],
    sets: BufferedSets,
    steps: int,
    drawing: tuple[int, int],
    folder: Path,
    kept: Kept,
) -> Alone:
    from unseen.train.loop import tune

    recipe = prepared.recipe
    settings = _settings(recipe.train, steps)
    plan = plan_steps(_draws(len(examples), recipe.seed), examples, settings, len(examples))
    facts = start_facts(recipe, prepared.model)
    key = key_of(on=name, plan=plan.digest, model=facts, train=settings.model_dump(mode="json"),
                 examples=[example_digest(each) for each in examples])  # fmt: skip
    fresh = start_model(recipe, prepared.model)
    tuned = tune(fresh, plan, settings, folder / f"{name}-{key[:8]}", examples=examples, seed=recipe.seed, resume=True)
    model = _merged(tuned.model)
    with bar(f"drawing answers after {name} alone") as advance:
        wanted = Drawing(1, drawing[0], recipe.train.max_tokens, drawing[1])
        drawn = draw_answers(model, sets.general, format_for(recipe, model), wanted, kept, advance)
    values = compared_answers(model, start, drawn.answers, kept, f"{name} alone")
    return Alone(
        on=name,
        steps=steps,
        examples=len(plan.draws),
        supervised_tokens=sum(int(line["supervised_tokens"]) for line in tuned.steps),
        moved=moved(start.module, model.module),
        divergence=estimated(values, drawn.answers, drawn.prompts),
        answers=len(drawn.answers),
        broken_off=drawn.broken_off,
    )


def _merged(model: LanguageModel) -> LanguageModel:
    from unseen.model.adapter import merged

    return replace(model, module=merged(model.module).cpu().float())


def _settings(train: TrainSettings, steps: int) -> TrainSettings:
    """The recipe's, for so many steps, with nothing kept beside the checkpoints."""
    own = {"steps": steps, "examples": None, "validation_rows": 0, "keep": "last", "tracker": ()}
    often = {"keep_for_verify": False, "checkpoint_every": max(1, steps // 4)}
    return train.model_copy(update=own | often)


def _draws(count: int, seed: int) -> Iterator[int]:
    """Every example once, in a new order each pass, without end."""
    number = 0
    while True:
        yield from generator(seed, "probe draws", number).permutation(count).tolist()
        number += 1
