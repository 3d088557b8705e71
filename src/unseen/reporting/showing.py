"""`unseen show`: one row of a task as the model sees it, with spans or with tokens in colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from unseen.data.dataset import Row
from unseen.data.rows import read_rows
from unseen.errors import DataMistake, TemplateMistake, nearest
from unseen.prompt.example import Example, Segment
from unseen.task.render import example_of
from unseen.task.task import Task

COLUMN_STYLES = ("cyan", "magenta", "yellow", "green", "blue")
SUPERVISED = "bold black on green"


def show_spans(task: Task, template: str | None, row: int) -> None:
    """The row through the task's templates; text that comes from a column is coloured by column."""
    console = Console(highlight=False)
    for example in _examples(task, template, row):
        console.print(_title(example))
        for segment in example.segments:
            console.print(Text(f"{segment.role}: ", style="bold") + _coloured(segment, _columns(example)))
        if example.choices:
            choices = [f"{choice} ←" if i == example.answer else choice for i, choice in enumerate(example.choices)]
            console.print(Text("choices: ", style="bold") + Text(" | ".join(choices)))
        console.print()
    console.print(_legend(_columns(example)))


def show_tokens(task: Task, template: str | None, row: int, model: str) -> None:
    """The same as tokens of `model`, in its own format; supervised tokens stand on green."""
    from unseen.encode.encode import encode
    from unseen.encode.format import format_of
    from unseen.encode.pieces import pieces
    from unseen.encode.tokenizer import load_tokenizer
    from unseen.model.folder import resolve
    from unseen.progress import bar

    console = Console(highlight=False)
    with bar(f"fetching {model}") as progress:
        tokenizer = load_tokenizer(resolve(model, progress=progress).tokenizer)
    format = format_of("auto", tokenizer)
    for example in _examples(task, template, row):
        encoded = encode(example, tokenizer, format, limit=1 << 30)
        console.print(_title(example), f"{len(encoded.ids)} tokens, {encoded.supervised} supervised")
        console.print(token_text(pieces(encoded, tokenizer), console.is_terminal), "\n")


def token_text(pieces: Sequence[tuple[str, float]], in_colour: bool) -> Text:
    """Tokens with a dot between them; those with a loss weight in colour, or in «» where there is none."""
    text = Text()
    for piece, weight in pieces:
        shown = piece.replace("\n", "⏎\n")
        if weight > 0 and not in_colour:
            shown = f"«{shown}»"
        text.append(shown, style=SUPERVISED if weight > 0 else "")
        text.append("·" if not shown.endswith("\n") else "", style="dim")
    return text


def _examples(task: Task, template: str | None, number: int) -> Iterator[Example]:
    row = _row(task, number)
    names = [each.name for each in task.templates]
    if template is not None and template not in names:
        raise TemplateMistake(task.name, f"has no template '{template}'", nearest(template, names, "templates"))
    chosen = [index for index, name in enumerate(names) if template in (None, name)] or [0]
    examples = [example for index in chosen if (example := example_of(task, index, row)) is not None]
    if not examples:
        raise DataMistake(task.name, f"row {number} renders empty", "name another row with --row")
    yield from examples


def _row(task: Task, number: int) -> Row:
    """The record with this number in the task's first split."""
    split = next(iter(task.dataset.splits))
    last = -1
    for row in read_rows(task.dataset, split):
        if row.index == number:
            return row
        last = row.index
    raise DataMistake(task.name, f"has no row {number} in its {split} split", f"the last one is {last}")


def _title(example: Example) -> Text:
    return Text(f"── {example.task} · {example.template} · {example.split}/{example.row}", style="bold blue")


def _columns(example: Example) -> list[str]:
    return sorted({name for segment in example.segments for span in segment.spans for name in span.columns})


def _coloured(segment: Segment, columns: Sequence[str]) -> Text:
    text = Text(segment.text)
    for span in segment.spans:
        text.stylize(_style(span.columns, columns), span.start, span.end)
    return text


def _style(names: Sequence[str], columns: Sequence[str]) -> str:
    return COLUMN_STYLES[columns.index(names[0]) % len(COLUMN_STYLES)] if names else "dim"


def _legend(columns: Sequence[str]) -> Text:
    legend = Text("columns: ", style="bold")
    for name in columns:
        legend.append(name + " ", style=_style([name], columns))
    return legend
