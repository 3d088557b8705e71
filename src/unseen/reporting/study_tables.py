"""`unseen study plan` and `unseen study status` on the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.reporting.terminal import print_table
from unseen.study.arm_progress import spelled

if TYPE_CHECKING:
    from unseen.study.study_plan import StudyPlan

Record = dict[str, Any]


def print_study_plan(plan: StudyPlan, as_json: bool) -> None:
    """A line for every arm, then the whole beside its budget, then what a pilot says of it."""
    values = plan.values
    if as_json:
        print(json.dumps(values, ensure_ascii=False, indent=1))
        return
    print_table(values["arms"], as_json=False)
    print()
    print_table([{"": name, " ": value} for name, value in _whole(values).items()], as_json=False)


def _whole(values: Record) -> dict[str, str]:
    seeds, hours, budget = len(values["seeds"]), values["hours"], values["budget_hours"]
    beside = "no budget" if budget is None else f"{'within' if values['within_budget'] else 'OVER'} {budget:g} hours"
    return {
        "arms": f"{len(values['arms'])} with {seeds} seeds each; matched: {values['matched']}",
        "cost": f"{spelled(3600 * hours)} of this machine ({beside})",
        **_done_before(values),
        "at a time": f"{values['workers']}, each up to {values['memory_mb']} MB",
        "shows": _shows(values),
        **_by_arm(values),
        **_allowed(values),
    }


def _done_before(values: Record) -> dict[str, str]:
    """What costs nothing, where there is any."""
    whole, tuned = (values["done_before"][how] for how in ("whole", "tuning"))
    runs = len(values["arms"]) * len(values["seeds"])
    return {"done before": f"{whole} of {runs} runs; of {tuned} more the tuning"} if whole or tuned else {}


def _shows(values: Record) -> str:
    found, wanted = values["shows"], values["smallest_of_interest"]
    if found is None:
        return f"unknown without a pilot (of interest: {wanted:g} points); add --pilot, or --from a study's folder"
    enough = "enough" if found["decided_difference"] <= wanted else "NOT enough"
    return (
        f"{_differences(found)}, in 80 of 100 cases; {enough} to decide about {wanted:g}; "
        f"{found['seeds']} seeds, {found['tasks']} tasks of {found['rows']} rows, {found['comparisons']} comparisons; "
        f"about new {found['over']}"
    )


def _by_arm(values: Record) -> dict[str, str]:
    """About what each comparison would be decided, where the pilot had several."""
    found = (values["shows"] or {}).get("by_arm", {})
    if len(found) < 2:
        return {}
    return {"apart": "decides about " + ", ".join(f"{each:.1f} ({name})" for name, each in found.items())}


def _allowed(values: Record) -> dict[str, str]:
    """What the budget's hours would buy, where a pilot can tell."""
    found, budget = values["shows"], values["budget_hours"]
    if found is None or budget is None:
        return {}
    allowed = found["budget_allows"]
    if allowed is None:
        return {f"{budget:g} hours": "are not enough for two seeds of one row a task"}
    return {f"{budget:g} hours": f"{allowed['seeds']} seeds of {allowed['rows']} rows at best: {_differences(allowed)}"}


def _differences(found: Record) -> str:
    shows, decides = found["smallest_difference"], found["decided_difference"]
    return f"shows from {shows:.1f} points, decides about {decides:.1f} points either way"


def print_standing(study: Record, folder: Path, as_json: bool) -> None:
    """A line for every arm and seed: its state, what it was given, and why it failed."""
    if as_json:
        print(json.dumps(study | {"folder": str(folder)}, ensure_ascii=False, indent=1))
        return
    print_table([_line(arm) for arm in study["arms"]], as_json=False)


def _line(arm: Record) -> Record:
    matched = arm.get("matched") or {}
    return {
        "arm": arm["name"],
        "seed": arm["seed"],
        "compared_with": arm["against"] or "",
        "state": arm["state"],
        "steps": matched.get("steps"),
        "examples": matched.get("examples"),
        "supervised_tokens": matched.get("supervised_tokens"),
        "why": arm.get("error") or "",
    }
