"""What the records of an arm's seeds say, as cells: the number where they agree, from lowest to highest where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unseen.reporting.markup import Child, Markup, tag
from unseen.reporting.numbers import counted, duration, plain, whole
from unseen.study.results import ArmResult, StudyResults

Shown = tuple[str, float | None]


def anchor(name: str) -> str:
    """The id of an arm's part of the page; names of arms hold no blank."""
    return f"arm-{name}"


def arm_link(name: str) -> Markup:
    return tag("a", name, href=f"#{anchor(name)}", class_="arm")


def number_link(number: str, name: str) -> Markup:
    """A number of an arm, which leads to the arm's records."""
    return tag("a", tag("b", number), href=f"#{anchor(name)}", class_="number")


def with_ends(number: str, ends: str, rows: int, name: str, between: Child = " ") -> Markup:
    """A number that leads to its arm's records, its interval, and over how many rows it is."""
    interval, count = tag("span", ends, class_="interval"), tag("span", counted(rows, "row"), class_="count")
    return tag("span", number_link(number, name), between, interval, " ", count, class_="score")


def amounts(results: StudyResults) -> dict[str, Callable[[Sequence[ArmResult]], Shown]]:
    """What an arm was given, by the head of its column; where some have diverse data, examples of the tasks apart."""
    diverse = any((run.record.get("recipe", {}).get("diversity") or {}).get("ratio") for run in results.arms)
    apart = {"examples of the tasks": of_tasks} if diverse else {}
    return {"steps": steps, "examples": examples, **apart, "supervised tokens": supervised, "sharing (N)": sharing_of}


def steps(runs: Sequence[ArmResult]) -> Shown:
    return _span([run.record.get("training", {}).get("steps") for run in runs])


def examples(runs: Sequence[ArmResult]) -> Shown:
    return _span([(run.record.get("counts") or {}).get("examples") for run in runs])


def of_tasks(runs: Sequence[ArmResult]) -> Shown:
    """Those of the examples that are not diverse data, as the fifth of DELIA's steps counts them."""
    return _span([_of_tasks(run.record) for run in runs])


def _of_tasks(record: Mapping[str, Any]) -> int | None:
    facts = next((each["facts"] for each in record.get("delia") or () if each["step"] == 5), None)
    return sum(int(each["examples"]) for each in facts["tasks"].values()) if facts else None


def supervised(runs: Sequence[ArmResult]) -> Shown:
    return _span([supervised_tokens(run) for run in runs])


def supervised_tokens(run: ArmResult) -> int | None:
    """As its matching counted them, else as its record does."""
    found = run.matched.get("supervised_tokens") or run.record.get("training", {}).get("supervised_tokens")
    return None if found is None else int(found)


def seconds(runs: Sequence[ArmResult]) -> Shown:
    times = [run.seconds for run in runs]
    return (duration(sum(times) / len(times)), sum(times) / len(times)) if times else ("", None)


def sharing_of(runs: Sequence[ArmResult]) -> Shown:
    """Tokens read for each one computed, and how many rows of a task are drawn together."""
    found: list[Any] = [run.record["training"] for run in runs if run.record.get("training", {}).get("sharing_ratio")]
    if not found:
        return "", None
    ratio = sum(each["sharing_ratio"] for each in found) / len(found)
    return f"{plain(ratio, 2)} (N\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{found[0].get('group', 1)})", ratio


def _span(values: Sequence[float | None]) -> Shown:
    known = [value for value in values if value is not None]
    if not known:
        return "", None
    low, high = min(known), max(known)
    shown = whole(int(low)) if low == high else f"{whole(int(low))} to {whole(int(high))}"
    return shown, sum(known) / len(known)
