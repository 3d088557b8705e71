"""A pilot: a small run of a study's question, from which its plan tells what the whole study would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unseen.errors import JobFailed
from unseen.study.arms import BASE, Arm, expand
from unseen.study.study_file import FULL, Study, StudyFile, load_study
from unseen.study.study_run import run_study

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
