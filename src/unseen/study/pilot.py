"""A pilot: a small run of a study's question, from which its plan tells what the whole study would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake, JobFailed
from unseen.evaluation.rows import asked_split
from unseen.recipe import Recipe
from unseen.study.arms import BASE, Arm, expand
from unseen.study.prepare import TaskRows
from unseen.study.selected import selected_tasks
from unseen.study.study_file import FULL, Study, StudyFile, load_study
from unseen.study.study_run import run_study
from unseen.task.catalog import load_catalog

SIZE = "smoke"
SEEDS = 2  # the fewest that say how seeds differ


def run_pilot(study: Study, workers: int | None = None) -> Path:
    """Run a study's baseline and one other arm with two seeds at its smoke size (at its own, where it has none), or
    find that run finished; its folder. Raises what `run_study` does, and `JobFailed` where one of the arms failed."""
    small = load_study(study.path, SIZE if SIZE in study.said.sizes else FULL)
    pilot = replace(small, said=_with_two_seeds(small.said))
    done = run_study(pilot, arms=_two_arms(expand(pilot)), workers=workers)
    if done.failed:
        raise JobFailed(f"the pilot failed: {', '.join(done.failed)}; see unseen study status {done.folder}")
    return done.folder


def _with_two_seeds(said: StudyFile) -> StudyFile:
    seeds = said.seeds[:SEEDS] if len(said.seeds) >= SEEDS else (said.seeds[0], said.seeds[0] + 1)
    return said.model_copy(update={"seeds": seeds})


def _two_arms(arms: Sequence[Arm]) -> tuple[str, ...]:
    """An arm and what it is compared with; or two arms, where each is compared with its own base."""
    for arm in arms:
        if arm.against not in (None, BASE):
            return arm.name, str(arm.against)
    return tuple(dict.fromkeys(arm.name for arm in arms))[:2]


def what_pilot_shows(study: Study, arms: Sequence[Arm], folder: Path) -> dict[str, Any]:
    """The smallest difference, in points, that the study would show in 80 of 100 cases, by the variances of the
    finished comparisons in `folder`. `arms` are the study's with its first seed.

    Raises `DataMistake` where the folder is no study's, or has nothing that could be compared.
    """
    from unseen.study.power import smallest_difference, together
    from unseen.study.results import read_results
    from unseen.study.verdict import analyse

    verdict = analyse(read_results(folder))
    found = [arm.difference for arm in verdict.arms if arm.difference is not None]
    if not found:
        raise DataMistake(str(folder), "has no two arms that could be compared", "name a pilot that finished")
    pilot = replace(together([each.pilot for each in found]), level=study.said.decision.level)
    compared = [arm for arm in arms if arm.against is not None]
    tasks, rows = _asked(arms[0].recipe)
    seeds = len(study.said.seeds)
    return {
        "folder": str(folder),
        "pilot": {"seeds": pilot.seeds, "tasks": pilot.tasks, "rows": pilot.rows},
        "seeds": seeds,
        "tasks": tasks,
        "rows": rows,
        "comparisons": len(compared),
        "over": pilot.over,
        "smallest_difference": round(smallest_difference(pilot, seeds, len(compared), rows, tasks), 2),
    }


def _asked(recipe: Recipe) -> tuple[int, int]:
    """How many unseen tasks a recipe asks, and how many rows of one, on average."""
    rows, tasks = TaskRows(), selected_tasks(recipe, load_catalog(recipe.catalogs)).unseen
    there = [len(rows(task, split)) for task in tasks if (split := asked_split(task, "unseen", rows))]
    asked = [min(number, recipe.evaluate.rows or number) for number in there]
    return max(len(asked), 1), max(round(sum(asked) / max(len(asked), 1)), 1)
