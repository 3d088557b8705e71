"""Diverse data beside the tasks of a recipe: chats that buffer their biased features (DELIA, Zeng et al. 2024).

They are a task of their own, `diverse/<file>`, tuned on and never asked. So the hold-out compares their texts with the
unseen rows as it does with any seen task, and the record counts what is drawn from them.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from unseen.data.description import described
from unseen.diversify.output import CHATS
from unseen.errors import RecipeMistake
from unseen.recipe import DiversitySettings
from unseen.task.mixture import Buffer
from unseen.task.task import Task
from unseen.task.variants import tasks_of

CLUSTER = "diverse"
FINEST = 1000  # denominator of a ratio


def buffer_of(settings: DiversitySettings) -> Buffer | None:
    """How the mixture draws diverse data; None where the recipe has none."""
    if not settings.ratio:
        return None
    return Buffer(Fraction(settings.ratio).limit_denominator(FINEST), settings.schedule)


def chats_file(settings: DiversitySettings) -> Path:
    """Where the chats of `source` lie."""
    place = Path(str(settings.source))
    return place / CHATS if place.is_dir() else place


def diverse_task(settings: DiversitySettings) -> tuple[Task, ...]:
    """The task of diverse data, where the recipe has a ratio of it: the chats of `source`, a file or the folder that
    `unseen diversify questions` wrote. Raises `RecipeMistake` where there are none."""
    if not settings.ratio:
        return ()
    place, file = Path(str(settings.source)), chats_file(settings)
    if not file.is_file():
        what = f"'{settings.source}' holds no diverse data" + (f" (no {CHATS})" if place.is_dir() else "")
        raise RecipeMistake("diversity.source", what, "write some with: unseen diversify questions --out FOLDER")
    name = place.name if place.is_dir() else file.stem
    values = {
        "dataset": "".join(char if char.isalnum() or char in "_-.+" else "_" for char in name) or CLUSTER,
        "cluster": CLUSTER,
        "kind": "messages",
        "source": {"files": {"train": file.name}},
    }
    return tasks_of(described(values, file.absolute(), f"diversity.source: {file}"), ())
