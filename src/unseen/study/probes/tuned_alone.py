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
from unseen.study.probes.divergence import compared_answers
from unseen.study.probes.runs import start_facts, start_model
from unseen.task.seeds import generator
from unseen.train.kept import example_digest
from unseen.train.plan import plan_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel
    from unseen.prompt.example import Example
    from unseen.train.loop import Tuned


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


@dataclass(frozen=True, slots=True, eq=False)
class ShortTuning:
    """`steps` of tuning by a recipe's own settings from its `start` model, and `general` prompts to ask afterwards. Its
    checkpoints lie under `folder`, from where it goes on; answers of at most `max_new_tokens` are drawn by `seed`."""

    prepared: Prepared
    start: LanguageModel
    general: Sequence[Example]
    steps: int
    max_new_tokens: int
    seed: int
    folder: Path
    kept: Kept

    def on(self, name: str, examples: Sequence[Encoded]) -> Alone:
        """Tune on `examples`, called `name`, alone."""
        recipe = self.prepared.recipe
        tuned = self._tuned(name, examples)
        model = _merged(tuned.model)
        with bar(f"drawing answers after {name} alone") as advance:
            drawing = Drawing(1, self.max_new_tokens, recipe.train.max_tokens, self.seed)
            drawn = draw_answers(model, self.general, format_for(recipe, model), drawing, self.kept, advance)
        values = compared_answers(model, self.start, drawn.answers, self.kept, f"{name} alone")
        return Alone(
            on=name,
            steps=self.steps,
            examples=self.steps * recipe.train.examples_per_step,
            supervised_tokens=sum(int(line["supervised_tokens"]) for line in tuned.steps),
            moved=moved(self.start.module, model.module),
            divergence=estimated(values, drawn.answers, drawn.prompts),
            answers=len(drawn.answers),
            broken_off=drawn.broken_off,
        )

    def _tuned(self, name: str, examples: Sequence[Encoded]) -> Tuned:
        from unseen.train.loop import tune

        recipe = self.prepared.recipe
        settings = _settings(recipe.train, self.steps)
        plan = plan_steps(_draws(len(examples), recipe.seed), examples, settings, len(examples))
        facts = start_facts(recipe, self.prepared.model)
        digests = [example_digest(each) for each in examples]
        key = key_of(on=name, plan=plan.digest, model=facts, train=settings.model_dump(mode="json"), examples=digests)
        place, fresh = self.folder / f"{name}-{key[:8]}", start_model(recipe, self.prepared.model)
        return tune(fresh, plan, settings, place, examples=examples, seed=recipe.seed, resume=True)


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
