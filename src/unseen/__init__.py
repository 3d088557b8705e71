"""unseen: instruction tuning that is measured on what the model has not seen.

    rows -> templates -> examples -> mixture -> tune -> ask on the unseen side -> scores -> report

The public names are those in `__all__`, and those of `unseen.diversify`; they are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen import diversify as diversify
    from unseen.data.rows import open_rows as open_rows
    from unseen.evaluation.score import score as score
    from unseen.recipe import load_recipe as load_recipe
    from unseen.reporting.page import report as report
    from unseen.study.arms import expand as expand
    from unseen.study.plan import plan as plan
    from unseen.study.run import evaluate as evaluate
    from unseen.study.run import tune as tune
    from unseen.study.study_file import load_study as load_study
    from unseen.study.study_plan import plan_study as plan_study
    from unseen.study.study_run import run_study as run_study
    from unseen.task.catalog import load_catalog as load_catalog
    from unseen.task.holdout import hold_out as hold_out
    from unseen.task.render import render as render

_HOMES = {
    "load_recipe": "unseen.recipe",
    "load_catalog": "unseen.task.catalog",
    "open_rows": "unseen.data.rows",
    "render": "unseen.task.render",
    "hold_out": "unseen.task.holdout",
    "plan": "unseen.study.plan",
    "tune": "unseen.study.run",
    "evaluate": "unseen.study.run",
    "score": "unseen.evaluation.score",
    "report": "unseen.reporting.page",
    "load_study": "unseen.study.study_file",
    "expand": "unseen.study.arms",
    "plan_study": "unseen.study.study_plan",
    "run_study": "unseen.study.study_run",
}
_PACKAGES = ("diversify",)  # has public names of its own
__all__ = [
    "evaluate",
    "expand",
    "hold_out",
    "load_catalog",
    "load_recipe",
    "load_study",
    "open_rows",
    "plan",
    "plan_study",
    "render",
    "report",
    "run_study",
    "score",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"unseen.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'unseen' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_PACKAGES])
