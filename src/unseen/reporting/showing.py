"""`unseen show`: rows of a task as the model sees them, with spans or with tokens in colour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from unseen.data.dataset import ALL, Row
from unseen.data.rows import open_rows, read_rows
from unseen.errors import DataMistake, RecipeMistake, TemplateMistake, nearest
from unseen.evaluation.exemplars import exemplar_pool, exemplars_of
from unseen.prompt.conversation import why_empty
from unseen.prompt.example import Example, Segment
from unseen.prompt.fewshot import with_exemplars
from unseen.recipe import Recipe, Wording
from unseen.reporting.numbers import RIGHT
from unseen.section import check_model
from unseen.study.reworded import as_asked
from unseen.task.render import example_of
from unseen.task.task import Task

if TYPE_CHECKING:
    from unseen.encode.encoded import Encoded
    from unseen.encode.format import Format
    from unseen.encode.tokenizer import Tokenizer
    from unseen.reporting.trie_drawing import DrawnTrie

COLUMN_STYLES = ("cyan", "magenta", "yellow", "green", "blue")
SUPERVISED = "bold black on green"
PLAIN_WIDTH = 120  # characters of a line that goes to a file or a pipe


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: `rows` rows from number `row` on, through one template or all, after `shots` exemplars.

    `wording` says what is left of the templates' words; `formats`, where it is one or more, how many formats ask in
    their place.
    """

    template: str | None = None
    row: int = 0
    rows: int = 1
    shots: int = 0
    wording: Wording = "instructions"
    formats: int = 0


def show_spans(task: Task, view: View, as_json: bool) -> None:
    """The rows through the task's templates; text that comes from a column is coloured by column."""
    examples = [example for group in _examples(task, view) for example in group]
    if as_json:
        return print(json.dumps([_example_json(each) for each in examples], ensure_ascii=False, indent=1))
    console = Console(highlight=False)
    if view.formats:
        console.print(Text(f"formats of the template {_reworded(task, view).templates[0].name}\n", style="bold"))
    for example in examples:
        console.print(_title([example]))
        for segment in example.segments:
            console.print(Text(f"{segment.role}: ", style="bold") + _coloured(segment, _columns(example)))
        if example.choices:
            choices = [
                f"{choice} {RIGHT}" if i == example.answer else choice for i, choice in enumerate(example.choices)
            ]
            console.print(Text("choices: ", style="bold") + Text(" | ".join(choices)))
        console.print()
    return console.print(_legend(_columns(examples[-1])))


def show_tokens(task: Task, view: View, model: str, as_json: bool) -> None:
    """The rows as tokens of `model`, in its own format; supervised tokens stand on green.

    A single row is written out with its answer. Below it, and for several rows, stands the trie of what is read, or of
    an encoder-decoder every source with its targets: the options of every row where the task chooses, else the
    completions.
    """
    from unseen.encode.format import format_of, pair_format
    from unseen.encode.tokenizer import load_tokenizer
    from unseen.model.folder import resolve
    from unseen.progress import phased

    with phased(model) as phases:
        folder = resolve(model, phases=phases)
    tokenizer = load_tokenizer(folder.tokenizer)
    format = pair_format("auto", tokenizer) if folder.kind == "encoder-decoder" else format_of("auto", tokenizer)
    if as_json:
        found = [_tokens_json(task, group, tokenizer, format) for group in _examples(task, view)]
        return print(json.dumps(found, ensure_ascii=False, indent=1))
    console = Console(highlight=False)
    for group in _examples(task, view):
        _print_tokens(console, task, group, tokenizer, format)
    return None


def _print_tokens(
    console: Console, task: Task, examples: Sequence[Example], tokenizer: Tokenizer, format: Format
) -> None:
    from unseen.encode.encode import encode
    from unseen.encode.pieces import pieces
    from unseen.reporting.trie_drawing import summary, trie_lines

    if len(examples) == 1:
        encoded = encode(examples[0], tokenizer, format, limit=1 << 30)
        console.print(_title(examples), f"{len(encoded.ids)} tokens, {encoded.supervised} supervised")
        console.print(token_text(pieces(encoded, tokenizer), console.is_terminal), "\n")
    else:
        console.print(_title(examples))
    read = list(sequences_read(task, examples, tokenizer, format))
    if len(read) > 1:
        trie = drawn([each for _, each in read], [branch_name(each, len(examples)) for each, _ in read], format)
        width = console.width if console.is_terminal else PLAIN_WIDTH
        for line in trie_lines(trie, tokenizer, width, console.is_terminal):
            console.print(line, soft_wrap=True)
        console.print(summary(trie), style="bold", soft_wrap=True)
        console.print()


def _tokens_json(task: Task, examples: Sequence[Example], tokenizer: Tokenizer, format: Format) -> dict[str, Any]:
    from unseen.reporting.trie_drawing import trie_json

    read = list(sequences_read(task, examples, tokenizer, format))
    trie = drawn([each for _, each in read], [str(number) for number in range(len(read))], format)
    first = examples[0]
    named = {"task": first.task, "template": first.template, "sequences": [dict(named) for named, _ in read]}
    return named | trie_json(trie, tokenizer)


def drawn(sequences: Sequence[Encoded], names: Sequence[str], format: Format) -> DrawnTrie:
    from unseen.reporting.pair_drawing import drawn_pairs
    from unseen.reporting.trie_drawing import drawn_trie

    return drawn_pairs(sequences, names) if format.kind == "pair" else drawn_trie(sequences, names)


def sequences_read(
    task: Task, examples: Sequence[Example], tokenizer: Tokenizer, format: Format, limit: int = 1 << 30
) -> Iterator[tuple[Mapping[str, Any], Encoded]]:
    """Every sequence that a model reads for the examples, with its row, its option and whether that is right."""
    from unseen.encode.encode import encode
    from unseen.encode.options import option_sequences

    for example in examples:
        row = {"row": f"{example.split}/{example.row}"}
        if task.kind == "choose" and example.choices:
            for option, encoded in enumerate(option_sequences(example, tokenizer, format, limit)):
                yield row | {"option": option, "right": option == example.answer}, encoded
        else:
            yield row, encode(example, tokenizer, format, limit)


def branch_name(named: Mapping[str, Any], rows: int) -> str:
    """What stands behind a branch: its row where there are several, a mark where its option is the right one."""
    return " ".join(([str(named["row"])] if rows > 1 else []) + ([RIGHT] if named.get("right") else []))


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


def _examples(task: Task, view: View) -> Iterator[list[Example]]:
    """For each way to ask, the rows of the view that it does not render empty."""
    rows, task = _rows(task, view), _reworded(task, view)
    names = task.way_names
    if view.template is not None and view.template not in names:
        raise TemplateMistake(
            task.name, f"has no template '{view.template}'", nearest(view.template, names, "templates")
        )
    chosen = [index for index, name in enumerate(names) if view.template in (None, name)] or [0]
    groups = [group for index in chosen if (group := _rendered(task, index, rows, view.shots))]
    if not groups:
        what = f"row {view.row} {why_empty(task.dataset.kind)}"
        raise DataMistake(task.name, what, "name another row with --row")
    yield from groups


def _reworded(task: Task, view: View) -> Task:
    """The task as an unseen one is asked under the view's wording or formats, with seed 0."""
    values = {"name": "show", "unseen": [task.name]}
    settings = {"wording": view.wording, "formats": view.formats or None}
    recipe = check_model(Recipe, values | {"evaluate": settings}, "show", RecipeMistake)
    return as_asked(recipe, task, "unseen", lambda each, split: open_rows(each.dataset, split))


def _rendered(task: Task, template: int, rows: Sequence[Row], shots: int) -> list[Example]:
    examples = [example for row in rows if (example := example_of(task, template, row)) is not None]
    if not shots:
        return examples
    pool = exemplar_pool(task, rows[0].split, lambda each, split: open_rows(each.dataset, split))
    candidates = pool.rendered(template, shots, seed=0)
    return [with_exemplars(each, exemplars_of(each, candidates, shots)) for each in examples]


def _rows(task: Task, view: View) -> list[Row]:
    """The records of the task's first split, or of the one that holds all, from number `view.row` on.

    Raises `DataMistake` where it has none.
    """
    splits = task.dataset.splits
    split = ALL if ALL in splits else next(iter(splits))
    last, found = -1, []
    for row in read_rows(task.dataset, split):
        last = row.index
        if row.index >= view.row:
            found.append(row)
        if len(found) == view.rows:
            return found
    if not found:
        raise DataMistake(task.name, f"has no row {view.row} in its {split} split", f"the last one is {last}")
    return found


def _title(examples: Sequence[Example]) -> Text:
    first, last = examples[0], examples[-1]
    rows = f"{first.split}/{first.row}" + (f"-{last.row}" if len(examples) > 1 else "")
    return Text(f"── {first.task} · {first.template} · {rows}", style="bold blue")


def _example_json(example: Example) -> dict[str, Any]:
    values = asdict(example)
    segments = [
        {**each, "spans": [span._asdict() for span in s.spans]}
        for each, s in zip(values["segments"], example.segments, strict=True)
    ]
    return {**values, "segments": segments}


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
