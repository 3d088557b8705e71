"""The tasks of a recipe as a tree: clusters of both sides, their datasets and tasks, with rates and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from unseen.recipe import Recipe
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, plain, whole
from unseen.reporting.tables import Column, Row, bare_table
from unseen.studio.comparing import Compared
from unseen.studio.turned import turned_note
from unseen.study.selected import Selected
from unseen.study.shares import TaskShare
from unseen.task.task import Task

OPEN = 40  # tasks of a side up to which its clusters stand open
NOT_YET = "…"  # a count that is known when the rows were read
LEFT_OUT = {
    "unlabelled": "without a label",
    "dropped_for_overlap": "share text with an unseen row",
    "validation": "watch the tuning",
    "not_chosen": "over mixture.rows",
}
SEEN = ("task", "templates", "rows", "an epoch", "rate")
UNSEEN = ("task", "templates", "rows asked at most")

RowOf = Callable[[Task], Row]


def tree(recipe: Recipe, selected: Selected, compared: Compared | None) -> Markup:
    """Both sides next to each other; with counts, once the rows were read."""
    drawn = {each.task.name: each for each in compared.shares.tasks} if compared and compared.shares else {}
    tuned_on = compared.settled.tuned_on if compared else selected.seen
    rates = _by_cluster(drawn)
    there = _unseen_rows(compared)
    return tag(
        "div",
        _side("Tuned on (seen)", tuned_on, SEEN, lambda task: _seen(recipe, task, drawn.get(task.name)), rates),
        _side("Held out (unseen)", selected.unseen, UNSEEN, lambda task: _unseen(recipe, task, there), {}),
        class_="tree-sides",
    )


def _by_cluster(drawn: Mapping[str, TaskShare]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for share in drawn.values():
        rates[share.task.cluster] = rates.get(share.task.cluster, 0.0) + share.rate
    return rates


def _side(title: str, tasks: Sequence[Task], heads: Sequence[str], row_of: RowOf, rates: Mapping[str, float]) -> Markup:
    clusters: dict[str, list[Task]] = {}
    for task in tasks:
        clusters.setdefault(task.cluster, []).append(task)
    said = f"{counted(len(tasks), 'task')} in {counted(len(clusters), 'cluster')}" if tasks else "none"
    columns = [Column(head, "text" if head in ("task", "rate") else "number", folded=head) for head in heads]
    shown = [
        tag(
            "details",
            tag("summary", tag("b", name), f": {counted(len(inside), 'task')}", _rate_behind(rates.get(name))),
            bare_table(columns, map(row_of, inside), f"{title}: {name}"),
            open=len(tasks) <= OPEN,
        )
        for name, inside in clusters.items()
    ]
    told = turned_note(task.name for task in tasks)
    return tag("div", tag("h3", title), tag("p", said, class_="faint"), *shown, told, class_="tree-side")


def _rate_behind(rate: float | None) -> Child:
    return None if rate is None else joined(" ", _rate(rate))


def _rate(rate: float) -> Markup:
    """A share as a bar and as a number."""
    bar = tag(
        "svg",
        tag("rect", width="100%", height=10, class_="all"),
        tag("rect", width=f"{100 * rate:.2f}%", height=10, class_="own"),
        class_="rate", aria_hidden="true",
    )  # fmt: skip
    return tag("span", bar, f"{plain(100 * rate, 1 if rate < 0.1 else 0)} %", class_="rate-of")


def _seen(recipe: Recipe, task: Task, share: TaskShare | None) -> Row:
    used = min(recipe.templates.per_task, len(task.templates))
    templates = f"{used} of {len(task.templates)}"
    if share is None:
        return _name(task, ""), templates, NOT_YET, NOT_YET, NOT_YET
    left_out = [f"{whole(count)} {LEFT_OUT[why]}" for why, count in share.counts.items() if count and why in LEFT_OUT]
    name = _name(task, "; ".join(left_out))
    return (
        name,
        templates,
        f"{whole(share.rows)} of {whole(share.counts['rows'])}",
        whole(share.draws),
        _rate(share.rate),
    )


def _unseen(recipe: Recipe, task: Task, there: Mapping[str, int]) -> Row:
    most = recipe.evaluate.templates or recipe.templates.per_task
    templates = f"{min(most, len(task.templates))} of {len(task.templates)}"
    rows = there.get(task.dataset.task)
    if rows is None:
        return _name(task, ""), templates, NOT_YET
    asked = min(rows, recipe.evaluate.rows or rows)
    return _name(task, ""), templates, f"{whole(asked)} of {whole(rows)}"


def _name(task: Task, left_out: str) -> Markup:
    """The dataset and the task's variant, with what its dataset is made of, and which rows were left out."""
    own = task.name.partition("/")[2]
    origin = [name for name in (*task.dataset.origin, *task.dataset.shares_rows_with) if name != task.dataset.name]
    made_of = tag("small", f" rows of {', '.join(origin)}") if origin else None
    missing = tag("small", tag("br"), f"left out: {left_out}") if left_out else None
    return tag("span", own, made_of, missing)


def _unseen_rows(compared: Compared | None) -> dict[str, int]:
    if compared is None or compared.proof is None:
        return {}
    return {each.dataset: each.rows for each in compared.proof.compared_unseen}
