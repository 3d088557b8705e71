"""`probe buffering`: what the diverse data of a recipe does to gradients, parameters and answers, and to its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.errors import DataMistake, RecipeMistake, raise_all
from unseen.probe.buffering import Buffering, judged, measured_sets
from unseen.probe.gradients import Measured, measure
from unseen.probe.kept import Kept, key_of
from unseen.probe.turning import Turned
from unseen.progress import bar
from unseen.recipe import Recipe
from unseen.study.prepare import Prepared, prepare
from unseen.study.probes.buffered_sets import BufferedSets, buffered_sets
from unseen.study.probes.runs import TunedRun, loaded, start_facts, start_model, tuned_run
from unseen.study.probes.tuned_alone import Alone, ShortTuning
from unseen.train.kept import example_digest

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

RATIOS = (1.0, 5.0, 20.0, 67.0, 135.0, 260.0, 520.0)  # diverse items a row; from 67 on those of DELIA's figure
FOLDER = "alone"


@dataclass(frozen=True, slots=True)
class BufferingAsked:
    """`rows` of each set at most; `steps` of tuning on diverse data alone, 0 for none; `tuned` a run of the task."""

    recipe: Recipe
    tuned: Path | None = None
    rows: int = 64
    ratios: tuple[float, ...] = RATIOS
    steps: int = 20
    max_new_tokens: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class BufferingFound:
    """`alone` are short tunings: on diverse data alone, and beside it on the task alone, in its one wording."""

    asked: BufferingAsked
    gradients: Buffering
    alone: tuple[Alone, ...]
    models: dict[str, Any]
    counts: dict[str, Any]

    @property
    def told(self) -> Turned:
        """The recipe's own ratio, else the first that was asked."""
        wanted = self.asked.recipe.diversity.ratio or self.asked.ratios[0]
        return next(each for each in self.gradients.turned if each.ratio == wanted)


def probe_buffering(asked: BufferingAsked, folder: Path, kept: Kept) -> BufferingFound:
    """Measure a recipe's start model on its task and its diverse data. Tunings lie under `folder`.

    Raises `RecipeMistake` for a recipe without diverse data or without wordings, `DataMistake` where there is too
    little of either.
    """
    prepared = prepare(_with_diversity(asked.recipe))
    run = None if asked.tuned is None else tuned_run(asked.tuned)
    _check_start(prepared, run)
    start = start_model(prepared.recipe, prepared.model)
    sets = buffered_sets(prepared, start, asked.rows, asked.seed)
    facts = start_facts(prepared.recipe, prepared.model)
    found = _measured(start, sets, facts, kept)
    after = None if run is None else _after(run, sets, kept)
    models: dict[str, Any] = {"start": facts}
    if run is not None:
        models["tuned"] = {"folder": str(run.folder), "digest": run.model.digest}
    alone: tuple[Alone, ...] = ()
    if asked.steps:
        drawing = asked.steps, asked.max_new_tokens, asked.seed
        short = ShortTuning(prepared, start, sets.general, *drawing, folder / FOLDER, kept)
        alone = short.on("diverse", sets.all_diverse), short.on("task", sets.all_task)
    ratios = [*asked.ratios, *([asked.recipe.diversity.ratio] if asked.recipe.diversity.ratio else [])]
    return BufferingFound(asked, judged(found, ratios, after), alone, models, dict(sets.counts))


def _with_diversity(recipe: Recipe) -> Recipe:
    """The recipe as `prepare` takes its diverse data, whatever its ratio."""
    mistakes = []
    if recipe.diversity.source is None:
        remedy = "unseen diversify questions --out FOLDER, then --set diversity.source=FOLDER"
        mistakes.append(RecipeMistake(f"{recipe.name}: diversity.source", "the recipe has no diverse data", remedy))
    if recipe.diversity.wordings is None:
        remedy = "unseen diversify instructions --out FILE, then --set diversity.wordings=FILE"
        mistakes.append(RecipeMistake(f"{recipe.name}: diversity.wordings", "the recipe has one wording only", remedy))
    raise_all(mistakes)
    diversity = recipe.diversity.model_copy(update={"ratio": recipe.diversity.ratio or 1.0})
    return recipe.model_copy(update={"diversity": diversity})


def _check_start(prepared: Prepared, run: TunedRun | None) -> None:
    if run is not None and run.record["model"]["digest"] != prepared.model.digest:
        what = f"was tuned from another model than the recipe's ({prepared.model.name})"
        raise DataMistake(str(run.folder), what, "name a run of this recipe with --tuned")


def _measured(start: LanguageModel, sets: BufferedSets, facts: Mapping[str, Any], kept: Kept) -> dict[str, Measured]:
    examples = {"task": sets.task, "diverse": sets.diverse, "wordings": sets.wordings}
    digests = {name: [example_digest(each) for each in found] for name, found in examples.items()}

    def measured() -> dict[str, Any]:
        with bar("measuring gradients") as advance:
            return {name: _plain(each) for name, each in measured_sets(start.module, examples, 4096, advance).items()}

    return {
        name: _read(each)
        for name, each in kept.once(key_of(gradients_by_tokens=digests, model=facts), measured).items()
    }


def _after(run: TunedRun, sets: BufferedSets, kept: Kept) -> Measured:
    """The diverse examples under the model that was tuned on the task."""
    digests = [example_digest(each) for each in sets.diverse]

    def measured() -> dict[str, Any]:
        model = loaded(run.model, run.recipe.trust_remote_code)
        return _plain(measure(model.module, sets.diverse))

    return _read(kept.once(key_of(after_by_tokens=digests, model=run.model.digest), measured))


def _plain(found: Measured) -> dict[str, Any]:
    products = {name: each.tolist() for name, each in found.products.items()}
    return {"losses": found.losses.tolist(), "norms": found.norms.tolist(), "products": products}


def _read(said: Mapping[str, Any]) -> Measured:
    products = {name: np.array(each, dtype=np.float64) for name, each in said["products"].items()}
    losses, norms = (np.array(said[name], dtype=np.float64) for name in ("losses", "norms"))
    return Measured(losses, norms, products)
