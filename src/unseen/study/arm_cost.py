"""What arms cost on this machine: one measured by its dry run, the others by how much more or less they do."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.data.places import cache
from unseen.errors import DataMistake, UserMistake
from unseen.model.folder import resolve
from unseen.recipe import Recipe
from unseen.study.arms import Arm
from unseen.study.exposures import examples_for_one
from unseen.study.fingerprint import versions
from unseen.study.means import cores
from unseen.study.record import write_json
from unseen.study.settings import Work
from unseen.task.catalog import NAMES as CATALOGS

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much an arm does. `positions` are computed and `supervised` tokens counted for an example, by those of its
    first step; `questions` are asked of its models together, `tasks` examples are drawn for one of each task. An arm
    that only asks has no examples."""

    examples: int
    positions: float
    supervised: float
    tasks: float
    questions: int


class Sizes:
    """Sizes of arms, each found out once and remembered on disk; one model is held at a time."""

    def __init__(self) -> None:
        self._held: tuple[Any, LanguageModel] | None = None

    def __call__(self, recipe: Recipe, work: Work) -> Size:
        """Raises the mistakes of `prepare`."""
        return Size(**_remembered("size", recipe, work, lambda: self._found(recipe, work)))

    def _found(self, recipe: Recipe, work: Work) -> Record:
        from unseen.study.prepare import prepare
        from unseen.study.questions import questions

        prepared = prepare(recipe)
        asked = sum(questions(prepared, work).values())
        if work == "ask":
            return {"examples": 0, "positions": 0.0, "supervised": 0.0, "tasks": 0, "questions": asked}
        tasks = examples_for_one(len(prepared.tuned_on), recipe.diversity)
        return self._sampled(prepared) | {"tasks": tasks, "questions": asked}

    def _sampled(self, prepared: Any) -> Record:
        from unseen.study.examples import TuningExamples, encoded_for
        from unseen.train.dealing import dealing_of

        recipe, model = prepared.recipe, self._model(prepared)
        wanted = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows).wanted
        sample = list(islice(encoded_for(prepared, model), min(wanted, recipe.train.examples_per_step)))
        batches = dealing_of(model, recipe.train, model.module.device).deal(sample)
        return {
            "examples": wanted,
            "positions": sum(batch.computed for batch in batches) / len(sample),
            "supervised": sum(each.supervised for each in sample) / len(sample),
        }

    def _model(self, prepared: Any) -> LanguageModel:
        from unseen.study.loading import load

        same = prepared.model.digest, prepared.recipe.tokens
        if self._held is None or self._held[0] != same:
            self._held = None  # the memory of one before the next takes its own
            self._held = same, load(prepared)
        return self._held[1]


def largest(arms: Sequence[Arm]) -> Arm:
    """The arm whose model has the most bytes of weights; of several the one that is likely to need most memory."""
    sizes = {name: resolve(name).size for name in {arm.recipe.model for arm in arms}}

    def weight(arm: Arm) -> tuple[int, bool, int]:
        train = arm.recipe.train
        return sizes[arm.recipe.model], train.method == "full" and arm.work == "tune", train.batch_tokens

    return max(arms, key=weight)


def measured(recipe: Recipe, work: Work = "tune") -> Record:
    """Seconds of tuning and of asking, and megabytes at the peak, of a recipe: measured here by its plan (see `plan`),
    in a process of its own, or remembered.

    Raises `DataMistake` with what that process said where it cannot be.
    """
    return _remembered("cost", recipe, work, lambda: _measured(recipe, work))


def _remembered(kind: str, recipe: Recipe, work: Work, find: Callable[[], Record]) -> Record:
    """What `find` gives, kept in the cache for this recipe, what it names on this disk, machine and version."""
    canonical = recipe.model_copy(update={"name": "any"}).canonical()
    key = json.dumps([kind, work, canonical, _stamps(recipe), versions(), cores()], sort_keys=True)
    path = cache() / "plans" / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, find())
    found: Record = json.loads(path.read_text(encoding="utf-8"))
    return found


def _stamps(recipe: Recipe) -> list[tuple[str, int, int]]:
    """Place, size and time of every file that the recipe names, or that is in a folder that it names."""
    own = [each for each in (recipe.model, *recipe.catalogs) if each not in CATALOGS]
    places = (recipe.place_of(each).resolve() for each in (*recipe.files, *own))
    files = (file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*"))))
    found = ((str(file), file.stat()) for file in files if file.is_file())
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def _measured(recipe: Recipe, work: Work) -> Record:
    command = [sys.executable, "-m", "unseen.study.arm_cost", work, str(recipe.beside)]
    done = subprocess.run(command, input=json.dumps(recipe.canonical()), capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"its process ended with status {done.returncode}"]
        raise DataMistake(recipe.name, f"cannot be planned: {last[0].removeprefix('unseen: ')}", "see tune --plan")
    found: Record = json.loads(done.stdout.splitlines()[-1])
    return found


def cost_of(recipe: Recipe, work: Work) -> Record:
    """Measure a recipe in this process."""
    if work == "tune":
        from unseen.study.plan import plan

        values = plan(recipe).values
        return {name: values[name] for name in ("tuning_seconds", "asking_seconds", "memory_mb")}
    from unseen.study.loading import load
    from unseen.study.plan import seconds_per_question
    from unseen.study.prepare import prepare
    from unseen.study.questions import questions

    prepared = prepare(recipe)
    model = load(prepared)
    asked = sum(questions(prepared, work).values())
    weights = sum(each.numel() * each.element_size() for each in model.module.parameters())
    seconds = seconds_per_question(prepared, model) * asked
    return {"tuning_seconds": 0, "asking_seconds": round(seconds, 1), "memory_mb": round(weights * 1.5 / 2**20)}


def as_matched(size: Size, reference: Size, by: str) -> Size:
    """The size of an arm once it has as many examples as the study's matching gives it."""
    if not size.examples or not reference.examples or by == "steps":
        return size
    like = {
        "exposures": size.tasks / reference.tasks,
        "supervised_tokens": reference.supervised / size.supervised,
        "seconds": reference.positions / size.positions,
    }
    return replace(size, examples=round(reference.examples * like[by]))


def main(work: Work, beside: Path) -> int:
    """Measure the recipe that standard input holds as JSON, whose own file lies in `beside`; its cost as JSON, the last
    line of standard output."""
    try:
        recipe = Recipe.model_validate_json(sys.stdin.read()).lying_in(beside)
        print(json.dumps(cost_of(recipe, work)))
    except UserMistake as mistake:
        print(*mistake.lines, sep="\n", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main("ask" if sys.argv[1] == "ask" else "tune", Path(sys.argv[2])))
