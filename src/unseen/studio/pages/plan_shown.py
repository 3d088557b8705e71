"""A plan for somebody who decides whether to start it: what one asks first in a few lines, and the rest folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.reporting.plan_words import asked_table, asked_words, drawn_table, held_words, time_words, tuned_words
from unseen.reporting.planning import plan_lines, process_mb
from unseen.reporting.tables import Column, folded, table
from unseen.studio.beginnings import OWN
from unseen.studio.frame import note
from unseen.studio.jobs import Jobs
from unseen.study.means import memory


def plan_shown(values: Mapping[str, Any], seconds: float, runs: Path) -> Markup:
    """`seconds` is how long it took to find out, `runs` the folder that the run would lie in."""
    name = _folder(values, runs)
    start = tag("button", "Start this run", name="do", value="run", class_="main")
    where = tag("span", f"into {name}. Found out in {seconds:.0f} s.", class_="faint")
    return joined(
        tag("h2", "What it would do"),
        tag("dl", *(_answer(*each) for each in _answers(values)), class_="facts answers"),
        tag("p", start, where, class_="bar started"),
        _tables(values),
        folded("All that was found out", _all(values, name)),
        _several(values, runs),
    )


def _answers(values: Mapping[str, Any]) -> Sequence[tuple[str, Child]]:
    asked = joined(*(tag("div", f"{line}.") for line in asked_words(values)))
    return (
        ("Time", f"{_first_large(time_words(values))}."),
        ("Memory", _room(values)),
        ("Tunes on", f"{tuned_words(values)}."),
        ("Holds out", f"{held_words(values)}."),
        ("Asks at most", asked),
    )


def _answer(name: str, said: Child) -> Markup:
    return joined(tag("dt", name), tag("dd", said))


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tables(values: Mapping[str, Any]) -> Markup:
    """What each task is tuned on and asked, as tables."""
    return joined(
        _folded_table("What is drawn of each task", *drawn_table(values)),
        _folded_table("What each task is asked, at most", *asked_table(values)),
    )


def _folded_table(name: str, heads: Sequence[str], rows: list[Sequence[str | int]]) -> Markup | None:
    if not rows:
        return None
    words = [isinstance(each, str) for each in rows[0]]
    columns = [Column(head, "text" if word else "number") for head, word in zip(heads, words, strict=True)]
    return folded(name, table(columns, rows, name))


def _all(values: Mapping[str, Any], folder: str) -> Markup:
    lines = plan_lines(values) | {"run folder": folder}
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", said)) for name, said in lines.items()]
    return tag("div", tag("table", *rows), class_="wide", tabindex="0")


def _room(values: Mapping[str, Any]) -> Markup:
    """What the run needs beside what is free where it would run."""
    has = values["machine"]
    if has["gpus"]:
        first, needed = has["gpus"][0], int(values["memory_mb"])
        free, short = int(first["free_mb"]), "it may run out of memory"
        said = f"It needs about {needed:,} MB of the GPU ({first['name']}), and {free:,} MB are free there"
    else:
        needed, free, short = process_mb(values), memory() >> 20, "it may be killed"
        said = f"About {needed:,} MB for the whole process, and {free:,} MB are free now"
        said += f"; there is no GPU here, it runs on {counted(has['cores'], 'core')}"
    return note("warn", f"{said}: {short}.") if needed > free else tag("span", f"{said}.")


def _several(values: Mapping[str, Any], runs: Path) -> Markup:
    """How several processes are started, which the studio does not do: the command, to be typed."""
    gpus, run = len(values["machine"]["gpus"]), runs / Jobs(runs).free_name(values["name"])
    recipe = OWN / f"{values['name']}.yaml"
    command = f"torchrun --nproc-per-node {max(gpus, 2)} -m unseen tune {quote(str(recipe))} --out {quote(str(run))}"
    where = "the first GPU" if gpus else "the cores, since there is no GPU here"
    said = f"Start the run starts one process, on {where}. Several, one a GPU, are started in a terminal, "
    summary = tag("summary", f"Several processes ({counted(gpus, 'GPU')} here)")
    return tag("details", summary, tag("p", said, "once the recipe is saved:"), tag("pre", command), open=gpus > 1)


def _folder(values: Mapping[str, Any], runs: Path) -> str:
    """The folder that Start the run takes, which is not the one that `unseen tune` names by itself."""
    return f"{Jobs(runs).free_name(values['name'])} in {runs}, unless another is named below"
