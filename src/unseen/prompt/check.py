"""Everything that is wrong with templates on given rows, told at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from unseen.data.dataset import Row
from unseen.errors import TemplateMistake, UserMistake
from unseen.prompt.dataflow import NONE, Columns
from unseen.prompt.engine import CompiledTemplate, compile_template
from unseen.prompt.faults import Runaway, compile_mistake, missing_column, place
from unseen.prompt.rewrite import Refused
from unseen.prompt.source import compile_source
from unseen.prompt.template import Template
from unseen.prompt.templates import duplicates

STEP = 100  # rows that are rendered between two reports of how far a check has come


def check_templates(templates: Sequence[Template], rows: Sequence[Row]) -> list[UserMistake]:
    """All mistakes of `templates` on `rows`, in the templates' order; empty when there is none.

    Told are: what does not compile, a missing completion, names that occur twice, columns that no row has, what goes
    wrong while rendering (each kind once, with its first row and how many rows have it; of a template that goes past a
    limit only that), and templates that render
    empty for every row.
    """
    steps = checking(templates, rows)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        found: list[UserMistake] = end.value
        return found


def checking(templates: Sequence[Template], rows: Sequence[Row]) -> Generator[int, None, list[UserMistake]]:
    """`check_templates` in steps: yields how many rows each step rendered, and returns the mistakes."""
    where = templates[0].where if templates else ""
    mistakes: list[UserMistake] = list(duplicates(templates, where))
    for template in templates:
        try:
            compiled = compile_template(template)
        except TemplateMistake as mistake:
            mistakes += _part_mistakes(template, mistake, rows)
            continue
        missing = _missing_columns(compiled, rows)
        mistakes += missing or (yield from _rendering(compiled, rows))
    return mistakes


def _part_mistakes(template: Template, first: TemplateMistake, rows: Sequence[Row]) -> list[UserMistake]:
    """What is wrong with each part of a template that does not compile, beside the `first` that was met."""
    told: list[UserMistake] = [first]
    required: Columns = NONE
    for name, text in (("prompt", template.prompt), ("completion", template.completion)):
        try:
            required |= compile_source(text, True).required
        except Refused as refused:
            told.append(compile_mistake(template, name if template.syntax == "unseen" else "its template", refused))
    told += _absent(template, required, rows)
    return list({str(mistake): mistake for mistake in told}.values())


def _missing_columns(compiled: CompiledTemplate, rows: Sequence[Row]) -> list[UserMistake]:
    return _absent(compiled.template, compiled.required, rows)


def _absent(template: Template, required: Columns, rows: Sequence[Row]) -> list[UserMistake]:
    if not rows:
        return []
    columns = {name for row in rows for name in row.values}
    return [missing_column(place(template), name, sorted(columns)) for name in sorted(required - columns)]


def _rendering(compiled: CompiledTemplate, rows: Sequence[Row]) -> Generator[int, None, list[UserMistake]]:
    first: dict[str, TemplateMistake] = {}
    counts: dict[str, int] = {}
    rendered = 0
    for number, row in enumerate(rows, 1):
        try:
            rendered += compiled.render(row) is not None
        except TemplateMistake as mistake:
            if isinstance(mistake, Runaway):
                return [mistake]
            counts[mistake.what] = counts.get(mistake.what, 0) + 1
            first.setdefault(mistake.what, mistake)
        if number % STEP == 0:
            yield STEP
    told: list[UserMistake] = [_counted(mistake, counts[what], len(rows)) for what, mistake in first.items()]
    if rows and not rendered and not told:
        what = f"renders empty for all of {len(rows)} rows"
        told.append(TemplateMistake(place(compiled.template), what, "look at its conditions and its completion"))
    return told


def _counted(mistake: TemplateMistake, count: int, of: int) -> TemplateMistake:
    what = f"{mistake.what} (in {count} of {of} rows)" if count > 1 else mistake.what
    return TemplateMistake(mistake.where, what, mistake.remedy)
