"""The verdict: what was asked, whether tuning helped on the unseen side, by how much, and what so few rows can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseen.evaluate.aggregate import Across
from unseen.report.figures.scale import around_zero
from unseen.report.figures.strips import axis, difference_strip, effect
from unseen.report.markup import Child, Markup, joined, tag
from unseen.report.numbers import SIDES, counted, limits, listed, metric_name, plain, scored, shots_name, signed
from unseen.report.run_data import RunData, by_setting

COLLAPSED = 0.95  # share of one label from which a model no longer answers the question
HEADLINES = {
    "better": "Tuning helped on the unseen tasks.",
    "worse": "Tuning hurt on the unseen tasks.",
    "open": "No effect of tuning on the unseen tasks could be shown.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Base against tuned under one metric and number of shots; means over the tasks of a side that are not void."""

    side: str
    metric: str
    shots: int
    base: Across
    tuned: Across
    difference: Across

    @property
    def interval(self) -> tuple[float, float]:
        return self.difference.new_rows.low, self.difference.new_rows.high


def findings(run: RunData) -> list[Finding]:
    """Every comparison, unseen side first, the metric of most tasks first, fewest shots first."""
    found = [
        Finding(*setting, models["base"], models["tuned"], models["difference"])
        for setting, models in by_setting(run.across).items()
        if {"base", "tuned", "difference"} <= set(models)
    ]
    return sorted(found, key=lambda each: (each.side != "unseen", -len(each.difference.tasks), each.metric, each.shots))


def verdict(run: RunData) -> Markup:
    """The opening of the page."""
    unseen = [each for each in findings(run) if each.side == "unseen"]
    content = _told(unseen) if unseen else _without_comparison(run)
    return tag(
        "section",
        tag("p", _asked(run), class_="asked"),
        _unfinished(run),
        content,
        tag("ul", *(tag("li", caveat) for caveat in caveats(run, unseen)), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )


def headline(run: RunData) -> str:
    """One sentence; for a comparison of runs too."""
    unseen = [each for each in findings(run) if each.side == "unseen"]
    if not unseen:
        return "Nothing was compared on unseen tasks." if run.record.finished else "This run is not finished."
    return HEADLINES[effect(unseen[0].interval)]


def _told(unseen: Sequence[Finding]) -> Markup:
    first = unseen[0]
    change = first.difference.new_rows
    main = joined(
        f"{shots_name(first.shots).capitalize()}, {metric_name(first.metric)} went from {plain(first.base.new_rows.score)} "
        f"(base) to {plain(first.tuned.new_rows.score)} (tuned): a difference of ",
        scored(change.score, (change.low, change.high), first.difference.count, "difference"),
        " (points of 100, 95 % interval for new rows of these tasks).",
    )
    return joined(
        tag("p", HEADLINES[effect(first.interval)], class_=f"headline {effect(first.interval)}"),
        tag("p", main),
        tag("p", _power(first)),
        _all_settings(unseen),
    )


def _power(finding: Finding) -> str:
    """Whether so few rows could show a difference, and what an interval without an effect still leaves possible."""
    change = finding.difference.new_rows
    rows = counted(finding.difference.count, "row")
    could = f"With these {rows} a true difference of {plain(change.detectable)} points or more would be found in 80 of 100 runs"
    if effect(finding.interval) == "open":
        return (
            f"{could}; smaller ones, in either direction, would mostly go unnoticed, so this is not proof of no effect."
        )
    return f"{could}; the one found is {'above' if abs(change.score) >= change.detectable else 'below'} that."


def _all_settings(unseen: Sequence[Finding]) -> Markup:
    """A line a setting: metric and shots, with its interval on a common scale."""
    scale = around_zero(v for f in unseen for v in (*f.interval, f.difference.new_rows.detectable))
    lines = [
        tag(
            "li",
            tag("span", f"{metric_name(each.metric)}, {shots_name(each.shots)}", class_="name"),
            difference_strip(
                scale, each.difference.new_rows.score, each.interval, each.difference.new_rows.detectable, told(each)
            ),
            scored(each.difference.new_rows.score, each.interval, each.difference.count, "difference"),
        )
        for each in unseen
    ]
    head = tag("li", tag("span", "tuned against base, unseen tasks", class_="name"), axis(scale, True), tag("span"))
    return tag("ul", head, *lines, class_="settings")


def told(finding: Finding) -> str:
    """A finding in words, for those who cannot see its figure."""
    change = finding.difference.new_rows
    return (
        f"{SIDES[finding.side]}, {metric_name(finding.metric)}, {shots_name(finding.shots)}: tuned minus base "
        f"{signed(change.score)} {limits(finding.interval, difference=True)}, {counted(finding.difference.count, 'row')}"
    )


def _asked(run: RunData) -> str:
    tasks, recipe = run.record.tasks, run.record.recipe
    asked = f"{counted(len(tasks.unseen), 'unseen task')} ({listed(tasks.unseen)})"
    if not run.record.counts and not run.steps:
        return f"{run.record.model.name} was asked {asked if tasks.unseen else listed(tasks.seen)}; nothing was tuned."
    clusters = sorted({task.partition("/")[0] for task in tasks.seen})
    how = {"lora": "with LoRA", "full": "in full"}.get(str(recipe.get("train", {}).get("method")), "")
    seen = f"{counted(len([t for t in tasks.seen if not t.endswith(':turned')]), 'task')} of {listed(clusters)}"
    if not tasks.unseen:
        return f"{run.record.model.name} was tuned {how} on {seen}. No unseen tasks were named."
    return f"{run.record.model.name} was tuned {how} on {seen}. Does that help on {asked}, which it was not tuned on?"


def _unfinished(run: RunData) -> Markup | None:
    if run.record.finished:
        return None
    done = f"{counted(len(run.steps), 'optimizer step')} so far" if run.steps else "no optimizer step yet"
    return tag("p", f"This run is not finished ({done}). The page shows what there is.", class_="warning")


def _without_comparison(run: RunData) -> Markup:
    scores = [
        tag("li", f"{SIDES[each.side]}, {each.model}, {metric_name(each.metric)}, {shots_name(each.shots)}: ",
            scored(each.new_rows.score, (each.new_rows.low, each.new_rows.high), each.count))
        for each in run.across
    ]  # fmt: skip
    return joined(tag("p", headline(run), class_="headline open"), tag("ul", *scores) if scores else None)


def caveats(run: RunData, unseen: Sequence[Finding]) -> Iterator[Child]:
    """What a reader must know before repeating the verdict."""
    for task, on in run.void.items():
        yield joined(tag("b", "Void: "), f"the start model was instruction-tuned on {listed(on)} before, so {task} is not "
                     "unseen to it. Its scores are struck through and in no mean.")  # fmt: skip
    if run.unknown:
        yield "Nobody says what the start model was instruction-tuned on: it may have met the unseen tasks before."
    if unseen:
        yield from _claims(run, unseen[0])
    yield from _collapses(run)


def _claims(run: RunData, main: Finding) -> Iterator[Child]:
    found = main.difference
    if found.new_tasks:
        yield joined("For new tasks like these, tasks resampled too: ",
                     scored(found.new_tasks.score, (found.new_tasks.low, found.new_tasks.high), found.count, "difference"),
                     f" over {len(found.tasks)} tasks.")  # fmt: skip
    else:
        yield f"Nothing is claimed about other tasks: {found.why_not}."
    plainly = by_setting(run.across).get((main.side, main.metric, main.shots), {}).get("difference_plain")
    if plainly:
        change = plainly.new_rows
        yield joined("Against the base model asked with plain prompts, without instructions (fairer to an untuned model): ",
                     scored(change.score, (change.low, change.high), plainly.count, "difference"), ".")  # fmt: skip
    lines = [each for each in run.baselines if each.side == "unseen" and each.task in found.tasks]
    if lines and main.metric == "accuracy":
        chance, majority = (sum(getattr(b, n) for b in lines) / len(lines) for n in ("chance", "majority"))
        yield f"For scale: guessing scores {plain(chance)} and always giving the commonest answer {plain(majority)} on these tasks."


def _collapses(run: RunData) -> Iterator[Child]:
    labels = run.record.summary.labels if run.record.summary else ()
    for side in ("unseen", "seen"):
        ours = [each for each in labels if each.side == side and each.model == "tuned"]
        fallen = [each for each in ours if each.largest >= COLLAPSED > max(each.right)]
        if fallen:
            yield joined(f"In {len(fallen)} of {len(ours)} settings (task, template, shots) on {SIDES[side]} the tuned model gives "
                         "one and the same answer nearly always: ", tag("a", "see labels", href="#labels"), ".")  # fmt: skip
