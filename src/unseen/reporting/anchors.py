"""Where on a page the rows behind a number stand: every score and difference is a link to them."""

from __future__ import annotations

from hashlib import sha256

from unseen.evaluation.aggregate import Across
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.run_data import RunData


def rows_id(run: RunData, side: str, shots: int, task: str = "", template: str = "") -> str:
    """The id of a part of the rows: of a side and number of shots, of a task in it, of a template of that."""
    told = "\n".join((run.record.fingerprint, str(run.folder), side, str(shots), task, template))
    return f"rows-{sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def behind_score(run: RunData, row: ScoreRow) -> str | None:
    return rows_id(run, row.side, row.shots, row.task or "", row.template or "") if run.predictions else None


def behind_mean(run: RunData, mean: Across) -> str | None:
    task = mean.tasks[0] if len(mean.tasks) == 1 else ""
    return rows_id(run, mean.side, mean.shots, task) if run.predictions else None


def leading(shown: Child, id: str | None) -> Markup:
    """`shown`, as a link to a part of the page where there is one."""
    return tag("a", shown, href=f"#{id}", class_="number") if id else joined(shown)
