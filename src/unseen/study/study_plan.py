"""What a study would cost on this machine, and what it could show, before it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unseen.errors import UserMistake
from unseen.model.folder import resolve
from unseen.study import means
from unseen.study.arm_cost import Record, Size, Sizes, as_matched, largest, measured
from unseen.study.arms import Arm, check_tasks, expand
from unseen.study.done_before import Done, finished_runs, said_done
from unseen.study.pilot_shows import Seconds, what_pilot_shows
from unseen.study.record import NAME, read_if_there
from unseen.study.run_folder import RUNS
from unseen.study.shared_tuning import tuning_key
from unseen.study.study_file import Study

PATIENCE = 45.0  # seconds for looking into arms; what is not looked into by then is taken to be as the measured arm
START_SECONDS = 10.0  # of an arm: a process, its rows, its proof
# What an untuned model's answers do not depend on: arms that differ in these only share them.
NOT_ASKED = ("name", "train", "mixture", "diversity", "shots", "hold_out")


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """JSON-able facts: `arms` with the cost of each, the total in hours beside the budget, what runs at a time, and,
    with a pilot, the smallest differences that the study would show and decide about."""

    values: Record


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of an arm with one seed, and how they were found."""

    tuning: float
    asking: float
    how: str


def plan_study(
    study: Study, pilot: Path | None = None, workers: int | None = None, reuse: Sequence[Path] = ()
) -> StudyPlan:
    """The arms of a study and what they cost: one is measured, the others are scaled by the positions they compute and
    the questions they ask. With the folder of a `pilot` (a study of the same question at any size, which may be one of
    this study's own) also the smallest differences that it would show and decide about, with 80 % power, after Holm's
    correction, and what its budget allows. What finished runs in the folders `reuse` have done costs nothing.

    Raises the mistakes of `expand`, `check_tasks` and `finished_runs`, and `DataMistake` where the arm that is measured
    cannot run, or for a folder that holds no study.
    """
    arms = expand(study)
    check_tasks(study, arms)
    done = _done_before(arms, reuse)
    first = [arm for arm in arms if arm.seed == study.said.seeds[0]]
    reference = _reference(study, first)
    costs, memory = _costs(study, first, reference)
    all_seeds, one_seed = _seconds(arms, costs, done), _seconds(first, costs, {})
    count = workers or means.fitting(len(arms), memory, means.cores(), means.memory(), len(means.gpus()))
    hours = (all_seeds.fixed + all_seeds.asking) / 3600
    values: Record = {
        "study": study.name,
        "size": study.size,
        "question": study.said.question,
        "folder": str(RUNS / study.folder_name),
        "matched": study.said.matched,
        "measured_arm": reference.name,
        "arms": [
            _line(arm, costs[arm.name], [done.get(each.folder) for each in arms if each.name == arm.name])
            for arm in first
        ],
        "seeds": list(study.said.seeds),
        "hours": round(hours, 3),
        "budget_hours": study.said.budget.hours,
        "within_budget": study.said.budget.hours is None or hours <= study.said.budget.hours,
        "done_before": {how: list(done.values()).count(how) for how in ("whole", "tuning")},
        "workers": count,
        "memory_mb": round(memory / 2**20),
        "smallest_of_interest": study.said.decision.smallest,
        "shows": what_pilot_shows(study, first, pilot, one_seed) if pilot else None,
    }
    return StudyPlan(values)


def _done_before(arms: Sequence[Arm], reuse: Sequence[Path]) -> Mapping[str, Done]:
    """What finished runs in `reuse` have done of the arms, by their folders."""
    records = [read_if_there(run / NAME) for run in finished_runs(reuse)]
    found = {arm.folder: said_done(arm.recipe.canonical(), arm.work == "tune", records) for arm in arms}
    return {folder: done for folder, done in found.items() if done}


def _reference(study: Study, arms: Sequence[Arm]) -> Arm:
    """The arm that is measured: what the others are matched to, when it is tuned, else the first that is."""
    tuned = [arm for arm in arms if arm.work == "tune"] or list(arms)
    return next((arm for arm in tuned if arm.name == study.said.baseline), tuned[0])


def _costs(study: Study, arms: Sequence[Arm], reference: Arm) -> tuple[Mapping[str, Cost], int]:
    """Cost by arm, and bytes of the largest one measured."""
    began, sizes = time.monotonic(), Sizes()
    spent, size = measured(reference.recipe, reference.work), sizes(reference.recipe, reference.work)
    known = {_kind(reference): (spent, size)}
    memory = int(spent["memory_mb"])
    costs: dict[str, Cost] = {}
    for arm in sorted(arms, key=lambda each: each.name != largest(arms).name):
        late = time.monotonic() - began > PATIENCE
        try:
            if _kind(arm) not in known and not late:
                known[_kind(arm)] = measured(arm.recipe, arm.work), sizes(arm.recipe, arm.work)
                memory = max(memory, int(known[_kind(arm)][0]["memory_mb"]))
            own = None if late else as_matched(sizes(arm.recipe, arm.work), size, study.said.matched)
        except UserMistake as mistake:
            costs[arm.name] = Cost(0.0, 0.0, f"cannot run: {mistake.lines[0]}")
            continue
        costs[arm.name] = _scaled(arm, own, known.get(_kind(arm)), (spent, size, reference))
    return _tuned_once(arms, costs), memory * 2**20


def _tuned_once(arms: Sequence[Arm], costs: Mapping[str, Cost]) -> Mapping[str, Cost]:
    """The same, without the tuning that an arm takes over from an earlier one."""
    first: dict[str, str] = {}
    for arm in arms:
        if arm.work == "tune" and (name := first.setdefault(tuning_key(arm.recipe.canonical()), arm.name)) != arm.name:
            cost = costs[arm.name]
            costs = {**costs, arm.name: replace(cost, tuning=0.0, how=f"{cost.how}; tuned as '{name}' is")}
    return costs


def _kind(arm: Arm) -> tuple[str, ...]:
    """What a position and a question cost alike in: the model, and how it is asked."""
    asked = arm.recipe.evaluate.model_dump(mode="json", include={"shots", "exemplars", "max_new_tokens"})
    return arm.recipe.model, arm.work, json.dumps(asked, sort_keys=True)


def _scaled(
    arm: Arm, own: Size | None, like: tuple[Record, Size] | None, measured_arm: tuple[Record, Size, Arm]
) -> Cost:
    """Seconds of an arm, from a measurement of its model where there is one, else of the reference's."""
    spent, size = like or measured_arm[:2]
    larger = 1.0 if like else resolve(arm.recipe.model).size / resolve(measured_arm[2].recipe.model).size
    if own is None:
        return Cost(
            spent["tuning_seconds"] * larger, spent["asking_seconds"] * larger, "taken to be as the measured arm"
        )
    work = own.examples * own.positions / (size.examples * size.positions) if size.examples else 0.0
    asked = own.questions / size.questions if size.questions else 0.0
    how = "by positions and questions" if like else "by positions, questions and bytes of the model"
    if arm.name == measured_arm[2].name:
        how = "measured"
    return Cost(spent["tuning_seconds"] * work * larger, spent["asking_seconds"] * asked * larger, how)


def _seconds(arms: Sequence[Arm], costs: Mapping[str, Cost], done: Mapping[str, Done]) -> Seconds:
    """Of these arms, one after the other; answers of an untuned model that arms share count once, and nothing of what
    is `done`."""
    asked: set[str] = set()
    fixed = asking = 0.0
    for arm in arms:
        if done.get(arm.folder) == "whole":
            continue
        cost, key = costs[arm.name], _asked(arm)
        fixed += (0.0 if arm.folder in done else cost.tuning) + START_SECONDS
        asking += cost.asking * ((1.0 - _of_base(arm)) if key in asked else 1.0)
        asked.add(key)
    return Seconds(fixed, asking)


def _of_base(arm: Arm) -> float:
    """How much of an arm's asking is of its untuned model: a tuned arm asks both alike."""
    if arm.work == "ask":
        return 1.0
    return 0.5 if arm.recipe.evaluate.base else 0.0


def _asked(arm: Arm) -> str:
    values = {name: value for name, value in arm.recipe.canonical().items() if name not in NOT_ASKED}
    if not arm.recipe.evaluate.seen:
        values.pop("seen")
    return json.dumps(values, sort_keys=True)


def _line(arm: Arm, cost: Cost, done: Sequence[Done | None]) -> dict[str, Any]:
    """The cost of an arm with one seed; `done` has what was done before, seed by seed."""
    whole, tuned = done.count("whole"), done.count("tuning")
    before = (
        f"; {number} of {len(done)} seeds {what} before"
        for number, what in ((whole, "done"), (tuned, "tuned"))
        if number
    )
    return {
        "arm": arm.name,
        "compared_with": arm.against,
        "work": arm.work,
        "seeds": len(done),
        "tuning_seconds": round(cost.tuning, 1),
        "asking_seconds": round(cost.asking, 1),
        "how": cost.how + "".join(before),
    }
