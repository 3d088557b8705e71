"""The tasks of a finished run in one small table: those that were held out and those that were tuned on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.findings import ends, is_void, medians, settings
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, metric_name, scored, shots_name
from unseen.reporting.run_data import RunData, RunRecord, load_facts
from unseen.reporting.sections.differences import task_name
from unseen.reporting.tables import Cell, Column, Row, table
from unseen.studio.frame import Page, filled
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.reply import Shown, Values
from unseen.studio.run_folders import folder_at
from unseen.studio.workspace import Workspace, stamp_of
from unseen.task.catalog import NAMES

MOST = 16  # tasks in the table; the scores below have all
AT_ONCE = 1 << 20  # bytes of scores that are read while the page is made
WHICH = {"unseen": "held out", "seen": "tuned on"}
MODELS = ("base", "tuned", "difference")
SHIPPED = tuple(name for name in NAMES if name != "user")  # catalogs that are nobody's own

Setting = dict[str, ScoreRow]  # of one task under one metric and number of shots, by model


def tasks_shown(workspace: Workspace, path: str, record: RunRecord) -> Markup | None:
    """The table in its place, or the place where it comes once many scores were read."""
    folder = folder_at(workspace, path)
    if record.summary is None or not (folder / "scores.json").is_file():
        return None
    if stamp_of(folder / "scores.json")[1] > AT_ONCE:
        return filled(run_path(path, "run-tasks"), "Reading the scores of its tasks …")
    return _made(workspace, path)


def run_tasks(workspace: Workspace, values: Values) -> Shown:
    path = values["path"]
    return Page(f"Tasks of {path}", "/runs", _made(workspace, path), wide=True, styles=STYLES)


def _made(workspace: Workspace, path: str) -> Markup:
    folder, tasks = folder_at(workspace, path), workspace.catalog().tasks
    own = frozenset(name for name, task in tasks.items() if task.dataset.catalog not in SHIPPED)
    stamp = (own, *(stamp_of(folder / name) for name in ("record.json", "scores.json")))
    made: Markup = workspace.kept(("tasks", str(folder)), stamp, lambda: by_task(load_facts(folder), own))
    return made


def by_task(run: RunData, own: Collection[str]) -> Markup:
    """Base, tuned and their difference for every task, of the same values as the report; `own` tasks come first."""
    found = _chosen(run)
    order = sorted(found, key=lambda each: (each[0] != "unseen", each[1] not in own, each[1]))
    heads = [Column("side"), Column("task"), Column("measure"), *(Column(name, "number") for name in ("base", "tuned"))]
    columns = [*heads, Column("tuned minus base, 95 %, rows", "number")]
    rows = [_row(run, side, task, found[side, task], task in own) for side, task in order[:MOST]]
    more = len(order) - MOST
    rest = tag("p", f"and {counted(more, 'more task')}: ", tag("a", "all scores", href="#scores")) if more > 0 else None
    about = tag("p", said, class_="faint") if (said := _about(run, found)) else None
    shown = table(columns, rows, "Scores of each task") if rows else None
    return tag("section", tag("h2", "Task by task"), about, shown, rest, id="by-task")


def _chosen(run: RunData) -> dict[tuple[str, str], Setting]:
    """By side and task: its scores under the report's first metric that it has, at the fewest shots."""
    rows = [row for row in medians(run.scores) if row.task and row.model in MODELS]
    metrics = list(dict.fromkeys(metric for _, metric in settings(rows)))
    found: dict[tuple[str, str], list[ScoreRow]] = {}
    for row in rows:
        found.setdefault((row.side, str(row.task)), []).append(row)
    return {place: _first(each, metrics) for place, each in found.items()}


def _first(rows: Sequence[ScoreRow], metrics: Sequence[str]) -> Setting:
    metric, shots = min(((row.metric, row.shots) for row in rows), key=lambda each: (metrics.index(each[0]), each[1]))
    return {row.model: row for row in rows if (row.metric, row.shots) == (metric, shots)}


def _row(run: RunData, side: str, task: str, scores: Setting, own: bool) -> Row:
    one = next(iter(scores.values()))
    named = joined(task_name(run, task, side), " (yours)" if own else None)
    measure = f"{metric_name(one.metric)}, {shots_name(one.shots)}"
    which = side if run.is_evaluation else WHICH.get(side, side)
    return (which, Cell(named, task), measure, *(_score(run, scores.get(name)) for name in MODELS))


def _score(run: RunData, row: ScoreRow | None) -> Cell | Child:
    if row is None:
        return "not asked"
    shown = scored(row.score, ends(row), row.count, row.model)
    return Cell(tag("s", shown) if is_void(run, row.task, row.side) else shown, row.score)


def _about(run: RunData, found: Collection[tuple[str, str]]) -> str | None:
    """What the lines of tasks that were tuned on are about, or why there is none."""
    if run.is_evaluation:
        return None
    if any(side == "seen" for side, _ in found):
        return "A task that was tuned on is asked on rows of it that were not. The verdict is about the held-out tasks."
    return "The tasks that were tuned on were not asked: evaluate.seen asks them too, on rows that are new."
