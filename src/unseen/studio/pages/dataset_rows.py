"""The rows of a dataset, some at a time, in their place on its page or by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from unseen.data.dataset import Dataset, Row
from unseen.data.rowstore import Rows
from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import row_name
from unseen.studio.frame import Page, joined_lines, note
from unseen.studio.reply import Values
from unseen.studio.row_names import row_place, row_place_from
from unseen.studio.values import from_of
from unseen.studio.workspace import Workspace

ROWS = 5  # of a split


def rows_of(workspace: Workspace, dataset: Dataset, split: str, values: Values) -> Page:
    """Some rows of a split, from the one of number `from` on, and the way to the others."""
    title = f"{dataset.task}: {split}"
    try:
        rows = workspace.rows(dataset, split)
    except UserMistake as mistake:
        return Page(title, "/", joined(tag("h3", split), note("wrong", joined_lines(mistake.lines))), wide=True)
    start, wrong = _start(rows, values, dataset.task, split)
    parts = [
        tag("h3", f"{split}: {len(rows):,}"),
        wrong,
        _row_table(dataset, rows[start : start + ROWS]),
        _turning(dataset, rows, start),
    ]
    return Page(title, "/", tag("section", *parts, id=f"rows-{split}"), wide=True)


def rows_path(dataset: Dataset, split: str) -> str:
    """Where the rows of a split stand."""
    return "/rows/" + "/".join(quote(part, safe="") for part in (dataset.cluster, dataset.name, split))


def _start(rows: Rows, values: Values, of: str, split: str) -> tuple[int, Markup | None]:
    """Where the rows that are shown begin, and what is wrong with a number that no row has: the nearest are shown."""
    number = from_of(values) if values.get("from") else None
    try:
        return row_place(rows, number, of, split), None
    except UserMistake as mistake:
        return min(row_place_from(rows, number or 0), len(rows) - 1), note("warn", joined_lines(mistake.lines))


def _row_table(dataset: Dataset, rows: Sequence[Row]) -> Markup:
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    head = tag("thead", tag("tr", tag("th", "Row"), *(tag("th", name) for name in columns)))
    body = [
        tag("tr", tag("td", _linked(dataset, row)), *(tag("td", _short(row.values.get(name))) for name in columns))
        for row in rows
    ]
    return tag("div", tag("table", head, tag("tbody", *body)), class_="wide", tabindex="0")


def _linked(dataset: Dataset, row: Row) -> Markup:
    """The number of a row, which leads to it beside its templates."""
    at = urlencode({"task": dataset.task, "split": row.split, "row": row.index})
    return tag("a", str(row.index), href=f"/templates?{at}", title=row_name(row.split, row.index))


def _turning(dataset: Dataset, rows: Rows, start: int) -> Markup | None:
    """A form that turns the rows' pages in their place."""
    if len(rows) <= ROWS:
        return None
    number = tag(
        "input",
        type="number",
        name="from",
        min=rows[0].index,
        max=rows[-1].index,
        step=rows[ROWS].index - rows[0].index,
        value=rows[start].index,
        aria_label=f"first row of {rows.split}",
    )
    return tag(
        "form",
        "from row ",
        number,
        tag("button", "Show"),
        action=rows_path(dataset, rows.split),
        data_live=f"#rows-{rows.split}",
        novalidate=True,  # the step is for turning; any number may be typed
        class_="bar",
    )


def _short(value: object, most: int = 240) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= most else f"{text[:most]} … ({len(text):,} characters)"
