"""What is said while something takes long: what is done now, for how long, how much of it, and about how long yet."""

from __future__ import annotations

import time

from unseen.phases import TUNING, Standing
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import duration


def waiting(what: str, standing: Standing | None, seconds: float) -> Markup:
    """A line and a bar of `what`, which has gone on for `seconds`. The bar has a length only where there is a number;
    elsewhere it moves without one."""
    words = standing.words if standing else "starting"
    said = [words, f"{clock(seconds)} so far"]
    if standing and (left := standing.left(time.time())) is not None:
        said.append(f"about {clock(left)} left of this")
    whole = standing.total if standing and standing.total else None
    done = min(standing.done, whole) if standing and whole else None
    bar = tag("progress", max=whole or 1, value=done, aria_label=f"{what}: {words}")
    return joined(tag("p", tag("b", what), ": ", " · ".join(said)), tag("p", bar))


def now_doing(standing: Standing | None) -> Markup | None:
    """What a run says that it does now, where the number of its steps does not say it."""
    if standing is None or standing.phase.name == TUNING:
        return None
    return waiting("Now", standing, max(0.0, time.time() - standing.began))


def clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 59.5 else duration(seconds)
