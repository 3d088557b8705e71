"""What "turned" means, told wherever the studio shows a task of that name."""

from __future__ import annotations

from collections.abc import Iterable

from unseen.reporting.markup import Markup, tag
from unseen.task.task import TURNED

MEANS = (
    "input and answer change places (the answer is given, and the model writes what it answers), so that more is "
    "learned from the same rows; for tuning only, never asked"
)
LEFT_OUT = "A recipe with templates.turned: false leaves it out."


def turned_note(names: Iterable[str]) -> Markup | None:
    """A line on tasks that are turned around, where there is one among the names."""
    if not any(name.endswith(TURNED) for name in names):
        return None
    return tag("p", tag("code", TURNED), f" is turned around: {MEANS}. ", LEFT_OUT, class_="faint turned")
