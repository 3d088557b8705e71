"""The verdict: what was asked, whether tuning helped on the unseen side, by how much, and what so few rows can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.evaluation.aggregate import Across
from unseen.reporting.anchors import behind_mean, leading
from unseen.reporting.figures.scale import Scale, around_zero
from unseen.reporting.figures.strips import axis, difference_strip
from unseen.reporting.findings import Finding, by_setting, headline, unseen_findings
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import (
    SIDES,
    counted,
    drawn_of_epoch,
    limits,
    listed,
    metric_name,
    plain,
    scored,
    shots_name,
    signed,
)
from unseen.reporting.run_data import RunData
from unseen.task.variants import counted_tasks

COLLAPSED = 0.95  # share of one label from which a model no longer answers the question
METHODS = {"lora": "with LoRA", "full": "in full", "tokens": "in the rows of its new tokens"}


def verdict(run: RunData, page: str = "") -> Markup:
    """The opening of the page. Elsewhere `page` is the address of the page that has the sections which it leads to."""
    unseen = unseen_findings(run)
    return tag(
        "section",
        tag("p", asked(run), class_="asked"),
        _unfinished(run),
        tag("p", headline(run), class_=f"headline {unseen[0].effect if unseen else 'open'}"),
        _told(run, unseen) if unseen else _scores(run),
        tag("ul", *(tag("li", caveat) for caveat in caveats(run, unseen, page)), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )


def asked(run: RunData) -> str:
    """What the run set out to find."""
    tasks, model = run.record.tasks, run.record.model.name
    unseen = f"{counted(len(tasks.unseen), 'unseen task')} ({listed(tasks.unseen)})"
    if run.is_evaluation:
        return f"{model} was asked {unseen if tasks.unseen else listed(tasks.seen)}; nothing was tuned."
    clusters = sorted({task.partition("/")[0] for task in tasks.seen})
    how = METHODS.get(str(run.record.recipe.get("train", {}).get("method")), "")
    tuned = f"{model} was tuned {how} on {counted_tasks(tasks.seen)}, from {listed(clusters)}."
    them = "which it was not tuned on" if len(tasks.unseen) > 1 else "which was not tuned on"
    if run.record.hold_out and run.record.hold_out.level == "row":
        them = "whose other rows it may have been tuned on"
    return f"{tuned} Does that help on {unseen}, {them}?" if tasks.unseen else f"{tuned} No unseen task was named."


def _unfinished(run: RunData) -> Markup | None:
    if run.record.finished:
        return None
    done = f"{counted(len(run.steps), 'optimizer step')} so far" if run.steps else "no optimizer step yet"
    return tag("p", f"This run is not finished ({done}). The page shows what there is.", class_="warning")


def _told(run: RunData, unseen: Sequence[Finding]) -> Markup:
    first = unseen[0]
    return joined(
        tag(
            "p",
            f"{shots_name(first.shots).capitalize()}, {metric_name(first.metric)} (0 to 100) went from ",
            *(
                mean_of(run, first.base),
                " for the base model to ",
                mean_of(run, first.tuned),
                " for the tuned one: a difference of ",
            ),
            *(mean_of(run, first.difference), ". In brackets: 95 % intervals for new rows of these tasks."),
        ),
        tag("p", _power(first)),
        _every_setting(run, unseen),
    )


def mean_of(run: RunData, across: Across) -> Markup:
    """A mean over tasks, with its interval for new rows of them, which leads to the rows."""
    found = across.new_rows
    shown = scored(found.score, (found.low, found.high), across.count, across.model)
    return leading(shown, behind_mean(run, across))


def _power(finding: Finding) -> str:
    """Whether so few rows could show a difference, and what an interval without an effect leaves possible."""
    change = finding.difference.new_rows
    could = (
        f"{counted(finding.difference.count, 'row').capitalize()} like these show a true difference of "
        f"{plain(change.detectable)} points or more in 80 of 100 such runs"
    )
    if finding.effect == "open":
        return f"{could}; smaller ones, in either direction, mostly go unnoticed. This is not proof of no effect."
    return f"{could}; the one found is {'above' if abs(change.score) >= change.detectable else 'below'} that."


def _every_setting(run: RunData, unseen: Sequence[Finding]) -> Markup:
    """A line for each metric and number of shots, on one scale."""
    scale = around_zero(end for each in unseen for end in (*each.interval, each.difference.new_rows.detectable))
    head = tag("li", tag("span", "tuned minus base, unseen tasks", class_="name"), axis(scale, True), tag("span"))
    lines = tag("ul", head, *(_setting(run, each, scale) for each in unseen), class_="settings")
    return joined(lines, tag("p", "Grey: true differences that so few rows would mostly not show.", class_="note"))


def _setting(run: RunData, finding: Finding, scale: Scale) -> Markup:
    change = finding.difference.new_rows
    return tag(
        "li",
        tag("span", f"{metric_name(finding.metric)}, {shots_name(finding.shots)}", class_="name"),
        difference_strip(scale, change.score, finding.interval, change.detectable, told(finding)),
        mean_of(run, finding.difference),
    )


def told(finding: Finding) -> str:
    """A finding in words, for those who cannot see its figure."""
    measure = f"{SIDES[finding.side]}, {metric_name(finding.metric)}, {shots_name(finding.shots)}"
    change = f"{signed(finding.difference.new_rows.score)} {limits(finding.interval, difference=True)}"
    return f"{measure}: tuned minus base {change}, {counted(finding.difference.count, 'row')}"


def _scores(run: RunData) -> Markup | None:
    """The scores of a run that compares nothing."""
    items = [
        tag(
            "li",
            f"{SIDES[each.side]}, {each.model}, {metric_name(each.metric)}, {shots_name(each.shots)}: ",
            mean_of(run, each),
        )
        for each in run.across
    ]
    return tag("ul", *items) if items else None


def caveats(run: RunData, unseen: Sequence[Finding], page: str = "") -> Iterator[Child]:
    """What a reader must know before repeating the verdict."""
    for task, on in run.void.items():
        why = f"the start model was instruction-tuned on {listed(on)} before, so {task} is not unseen to it. "
        yield joined(tag("b", "Void: "), why, "Its scores are struck through and left out of every mean.")
    if run.unknown:
        yield "Nobody says what the start model was instruction-tuned on: it may have met the unseen tasks before."
    if (proof := run.record.hold_out) and proof.overlap == "clean_subset" and proof.unclean_unseen:
        shared = counted(sum(map(len, proof.unclean_unseen.values())), "unseen row")
        yield f"{shared} share text with the seen side and are among those above; the scores without them stand below."
    yield from _part_of_epoch(run)
    if unseen:
        yield _new_tasks(run, unseen[0])
        yield _plainly(run, unseen[0])
        yield _for_scale(run, unseen[0])
    yield from _collapses(run, page)


def _part_of_epoch(run: RunData) -> Iterator[str]:
    """That a run was tuned on less than its mixture draws in an epoch; nothing before it was tuned."""
    counts = run.record.counts
    if run.record.training and counts and counts.epoch_length and counts.examples < counts.epoch_length:
        yield f"It was tuned on {drawn_of_epoch(counts.examples, counts.epoch_length)}."


def _new_tasks(run: RunData, main: Finding) -> Child:
    found = main.difference
    if not found.new_tasks:
        return f"Nothing is claimed about other tasks: {found.why_not}."
    ends = found.new_tasks.low, found.new_tasks.high
    shown = scored(found.new_tasks.score, ends, found.count, "difference")
    return joined(
        "For new tasks like these (tasks resampled too): ",
        leading(shown, behind_mean(run, found)),
        f" of {len(found.tasks)} tasks.",
    )


def _plainly(run: RunData, main: Finding) -> Child:
    """Against the base model asked without instructions, which an untuned model follows badly."""
    found = by_setting(run.across)[main.side, main.metric, main.shots].get("difference_plain")
    if not found:
        return "The base model was not asked with plain prompts, which are fairer to an untuned model."
    return joined(
        "Against the base model asked with plain prompts, fairer to an untuned model: ", mean_of(run, found), "."
    )


def _for_scale(run: RunData, main: Finding) -> Child:
    lines = [each for each in run.baselines if each.side == "unseen" and each.task in main.difference.tasks]
    if not lines or main.metric != "accuracy":
        return "A score of 100 would be every answer as the references have it."
    chance, majority = (
        sum(values) / len(lines) for values in zip(*((b.chance, b.majority) for b in lines), strict=True)
    )
    return f"For scale: guessing scores {plain(chance)} here, always giving the commonest answer {plain(majority)}."


def _collapses(run: RunData, page: str) -> Iterator[Child]:
    labels = run.record.summary.labels if run.record.summary else ()
    for side in ("unseen", "seen"):
        ours = [each for each in labels if each.side == side and each.model == "tuned"]
        fallen = [each for each in ours if each.largest >= COLLAPSED > max(each.right)]
        if fallen:
            where = f"In {len(fallen)} of {len(ours)} settings (task, template, shots) on {SIDES[side]} "
            what = "the tuned model gives one and the same answer nearly always: "
            tab = {"target": "_blank", "rel": "noopener"} if page else {}
            yield joined(where, what, tag("a", "answers given", href=f"{page}#labels", **tab), ".")
