"""Answer choices that came with a row, beside a question that is not the row's any more: told, and cleared at once."""

from __future__ import annotations

from collections.abc import Mapping

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.row_question import RowQuestion, row_question
from unseen.studio.workspace import Workspace

ROW = ("task", "template", "row")  # fields that say which row was taken


def row_of(workspace: Workspace, values: Mapping[str, str]) -> RowQuestion:
    """The row that the form's fields name. Raises as `row_question` does."""
    return row_question(workspace, values.get("task", ""), values.get("template", ""), values.get("row", ""))


def right_of(workspace: Workspace, values: Mapping[str, str]) -> str:
    """The answer of the row that was taken, where what is asked is still that row's question with its choices."""
    if not values.get("task"):
        return ""
    try:
        row = row_of(workspace, values)
    except UserMistake:
        return ""
    asks_it = _lines(values.get("text", "")) == _lines(row.text) and _has_its_choices(row, values)
    return row.right.strip() if asks_it else ""


def choices_told(workspace: Workspace, values: Mapping[str, str]) -> Markup | None:
    """`choices_of` the row that the form's fields name, where they name one."""
    if not values.get("task"):
        return None
    try:
        return choices_of(row_of(workspace, values), values)
    except UserMistake:
        return None  # which is told above, in the row's own place


def choices_of(row: RowQuestion, values: Mapping[str, str]) -> Markup | None:
    """A line that stands there once the question is not the row's, while the choices still are; the script shows and
    hides it as one types. Nothing for a row without choices."""
    if not row.choices:
        return None
    said = f"The answer choices below are those of the row {row.name}, and this is not its question any more. "
    clear = tag("button", "Clear them", name="do", value="unchoose")
    shown = _is_another(row, values.get("text") or values.get("said", "")) and _has_its_choices(row, values)
    line = tag(
        "p",
        said,
        clear,
        class_="note warn",
        hidden=not shown,
        data_text=row.text,
        data_choices="\n".join(row.choices),
    )
    kept = (tag("input", type="hidden", name=name, value=values.get(name, "")) for name in ROW)
    return joined(*kept, line)


def _is_another(row: RowQuestion, text: str) -> bool:
    return bool(text.strip()) and _lines(text) != _lines(row.text)


def _has_its_choices(row: RowQuestion, values: Mapping[str, str]) -> bool:
    return _lines(values.get("choices", "")) == _lines("\n".join(row.choices))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
