"""A run, or several, as Markdown for a repository or an issue: verdict, scores, split, what was left out. No rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.evaluation.aggregate import Across
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.contest import contests
from unseen.reporting.findings import ends, headline, is_void, medians, settings, unseen_findings
from unseen.reporting.markdown import said, table, text
from unseen.reporting.numbers import (
    MODELS,
    SIDES,
    Ends,
    counted,
    duration,
    limits,
    metric_name,
    plain,
    shots_name,
    signed,
    whole,
)  # fmt: skip
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.comparison import NO_CHOICE, letter
from unseen.reporting.sections.made import asking_losses, not_asked, tuning_losses
from unseen.reporting.sections.split import claim, no_proof, proof_facts, start_facts
from unseen.reporting.sections.verdict import asked, caveats, told

HEADS = ("task", "shots", "model", "score", "95 %", "rows")


def run_markdown(run: RunData) -> str:
    """One run."""
    lines = [f"# {text(run.record.name)} {run.record.fingerprint[:8]}", *_verdict(run), *scores(run, "##")]
    lines += ["", "## The split and its proof", *split(run), "", "## What was left out", *left_out(run)]
    lines += ["", "## How this was made", *_made(run)]
    return "\n".join(lines) + "\n"


def comparison_markdown(runs: Sequence[RunData]) -> str:
    """Several runs: their verdicts, the later ones against the first, and every task side by side."""
    named = [(letter(place), run) for place, run in enumerate(runs)]
    lines = [f"# {counted(len(runs), 'run')} compared", "", text(NO_CHOICE)]
    for name, run in named:
        lines += ["", f"## {name}: {text(run.record.name)} {run.record.fingerprint[:8]}", *_verdict(run)]
    for name, run in named[1:]:
        lines += ["", f"## {name} minus {named[0][0]}", *_contest(named[0][1], run)]
    for name, run in named:
        lines += scores(run, "##", f"Scores of {name}")
    return "\n".join(lines) + "\n"


def _verdict(run: RunData) -> Iterator[str]:
    found = unseen_findings(run)
    yield from ("", text(asked(run)), "", f"**{text(headline(run))}**", "")
    yield from (f"- {text(told(each))}" for each in found)
    yield from (f"- {said(caveat)}" for caveat in caveats(run, found))


def scores(run: RunData, level: str, title: str = "Scores") -> Iterator[str]:
    """A table for each side and metric: means over tasks, then each task's median over its templates."""
    rows = [row for row in medians(run.scores) if row.model in MODELS]
    clean = medians(run.clean_scores)
    if rows:
        yield from ("", f"{level} {title}", "", "0 to 100; medians over templates, 95 % intervals for new rows.")
    for side, metric in settings(rows):
        yield from ("", f"{level}# {metric_name(metric)}, {SIDES[side]}")
        means = [a for a in run.across if (a.side, a.metric) == (side, metric) and len(a.tasks) > 1]
        own = [row for row in rows if (row.side, row.metric) == (side, metric)]
        yield from table(HEADS, [*map(_mean, means), *(_task(run, row) for row in own)])
    if clean:
        yield from ("", f"{level}# {SIDES['unseen_clean'].capitalize()}")
        yield from table((*HEADS, "metric"), [[*_task(run, row), metric_name(row.metric)] for row in clean])


def _mean(mean: Across) -> list[str]:
    found = mean.new_rows
    name = f"mean of {len(mean.tasks)} tasks"
    return _cells(name, mean.shots, mean.model, found.score, (found.low, found.high), mean.count)


def _task(run: RunData, row: ScoreRow) -> list[str]:
    name = f"{row.task} (void)" if is_void(run, row.task, row.side) else str(row.task)
    return _cells(name, row.shots, row.model, row.score, ends(row), row.count)


def _cells(name: str, shots: int, model: str, score: float, between: Ends, count: int) -> list[str]:
    difference = model.startswith("difference")
    shown = signed(score) if difference else plain(score)
    return [name, shots_name(shots), MODELS[model], shown, limits(between, difference), whole(count)]


def _contest(first: RunData, second: RunData) -> Iterator[str]:
    found = contests(first, second)
    yield from ("", text(found.told))
    for side, metric in settings(found.rows):
        yield from ("", f"### {metric_name(metric)}, {SIDES[side]}")
        means = [a for a in found.means if (a.side, a.metric) == (side, metric) and len(a.tasks) > 1]
        own = [row for row in found.rows if (row.side, row.metric) == (side, metric)]
        lines = [*map(_mean, means), *(_task(first, row) for row in own)]
        yield from table([each for each in HEADS if each != "model"], [[*cells[:2], *cells[3:]] for cells in lines])


def split(run: RunData) -> Iterator[str]:
    """The claim, what was compared with its digests, what overlapped, and what the start model had seen."""
    tasks, proof = run.record.tasks, run.record.hold_out
    yield from ("", f"- Tuned on (seen): {text(', '.join(tasks.seen) or 'none')}")
    yield from (f"- Held out (unseen): {text(', '.join(tasks.unseen) or 'none')}", "")
    yield text(claim(proof) if proof else no_proof(run))
    yield ""
    if proof:
        yield from (f"- {text(name)}: {said(value)}" for name, value in proof_facts(proof))
    yield from (f"- {text(name)}: {text(value)}" for name, value in start_facts(run))
    if proof:
        sides = (("seen", proof.compared_seen), ("unseen", proof.compared_unseen))
        rows = [(side, c.dataset, whole(c.rows), whole(c.texts), c.digest) for side, found in sides for c in found]
        yield from table(("side", "dataset", "rows compared", "distinct texts", "digest of the texts"), rows)


def left_out(run: RunData) -> Iterator[str]:
    """Everything that was not used, with its number."""
    counts = run.record.counts
    yield ""
    for name, value in (*(tuning_losses(counts) if counts else ()), *asking_losses(run)):
        yield f"- {text(name)}: {text(value)}"
    lost = [(*reason, whole(number)) for reason, number in not_asked(run)]
    if lost:
        yield from table(("side", "task", "not asked because", "number"), lost)


def _made(run: RunData) -> Iterator[str]:
    record = run.record
    revision = f" at {record.model.revision}" if record.model.revision else ""
    took = ", ".join(f"{name} {duration(value)}" for name, value in record.seconds.items())
    yield from ("", f"- Command: {text(record.command)}", f"- Fingerprint: {record.fingerprint}")
    yield f"- Model: {text(record.model.name)}{revision}, {record.model.digest}"
    yield f"- Versions: {text(', '.join(f'{name} {version}' for name, version in record.versions.items()))}"
    yield f"- Finished: {record.finished or 'not yet'}" + (f" ({text(took)})" if took else "")
