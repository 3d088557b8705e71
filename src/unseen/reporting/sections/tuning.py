"""The tuning: loss curve, and what was drawn from each task."""

from __future__ import annotations

from math import isfinite

from unseen.reporting.figures.curve import MOST_POINTS, SMOOTH_FROM, is_thinned, loss_curve
from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import counted, facts, plain, sharing, whole
from unseen.reporting.run_data import RunData
from unseen.reporting.tables import Column, folded, section, table
from unseen.task.task import TURNED


def tuning_section(run: RunData) -> Markup | None:
    steps = [step for step in run.steps if isfinite(step.loss)]
    if not steps:
        return None
    caption = "Loss per supervised token by optimizer step."
    if len(steps) >= SMOOTH_FROM:
        caption += " Thin: single steps; thick: their running mean."
    if is_thinned(steps):
        caption += f" {whole(len(steps))} steps are drawn as means of {MOST_POINTS} parts at most."
    if any(step.validation_loss is not None for step in steps):
        caption += " Dots: validation loss on rows of seen tasks that are not tuned on"
        turned = any(task.endswith(TURNED) for task in run.record.tasks.seen)
        caption += "; they are not turned around, so the two losses are of different texts." if turned else "."
    drawn = ["train", *(["validation"] if any(step.validation_loss is not None for step in steps) else [])]
    keys = tag("ul", *(tag("li", tag("span", class_=f"key {name}"), name) for name in drawn), class_="keys")
    figure = tag("figure", keys, loss_curve(steps), tag("figcaption", caption))
    return section("tuning", "The tuning", figure, _facts(run), _drawn(run))


def _facts(run: RunData) -> Markup:
    training, first, last = run.record.training, run.steps[0], run.steps[-1]
    pairs: list[tuple[str, object]] = [
        ("Steps", f"{whole(len(run.steps))}, {plain(last.epoch, 2)} epochs"),
        ("Loss", f"{plain(first.loss, 3)} at the first step, {plain(last.loss, 3)} at the last"),
        ("Supervised tokens", whole(sum(step.supervised_tokens for step in run.steps))),
        ("Time a step", f"{plain(sum(step.seconds for step in run.steps) / len(run.steps), 2)} s"),
    ]
    if training:
        pairs += [
            ("Kept", f"the model after step {training.get('kept_step')}"),
            ("Trained parameters", whole(int(training.get("trained_parameters", 0)))),
            ("Precision", training.get("precision")),
            ("Shared prefixes", sharing(training)),
        ]
    if run.record.tuned_by:
        pairs.append(("Tuned by", f"the run {run.record.tuned_by}, which drew the same examples"))
    if run.record.taken_from:
        pairs.append(("Taken over", f"from {run.record.taken_from}, which is this run, done before"))
    return facts([(name, str(value)) for name, value in pairs])


def _drawn(run: RunData) -> Markup | None:
    """How many examples each task gave."""
    counts = run.record.counts
    if not counts or not counts.drawn:
        return None
    columns = [Column("task"), Column("examples drawn", "number")]
    shown = table(columns, [(name, whole(number)) for name, number in counts.drawn.items()], "Examples drawn by task")
    return folded(f"{counted(counts.examples, 'example')} drawn, by task", shown)
