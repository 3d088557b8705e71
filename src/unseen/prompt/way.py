"""The ways to ask a row: a template, or an instruction in an encoding; compiled, both render rows alike."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

from jinja2 import Environment
from jinja2.filters import do_truncate

from unseen.data.dataset import Dataset, Row
from unseen.errors import TemplateMistake
from unseen.prompt.encodings import NATURAL_INSTRUCTIONS, TK_INSTRUCT
from unseen.prompt.engine import CompiledTemplate, compile_template
from unseen.prompt.example import Span
from unseen.prompt.instruction import Instructed, Instruction
from unseen.prompt.layouts import LAYOUTS, opening
from unseen.prompt.template import Template
from unseen.prompt.templates import templates_of

Way = Template | Instructed
COLUMNS = frozenset({"input", "output"})  # what an instruction shows of a row
_CUTTING = Environment()  # truncate's own settings, nothing is rendered with it


def ways_of(dataset: Dataset) -> tuple[Way, ...]:
    """The ways to ask a dataset: its templates, or its instruction in the layout of the collection that it is like.

    Raises what `templates_of` raises.
    """
    if dataset.instruction is None:
        return templates_of(dataset)
    instruction = Instruction.of(dataset.instruction)
    full = instruction.prompt or instruction.avoid or instruction.emphasis
    encoding = NATURAL_INSTRUCTIONS if full else TK_INSTRUCT
    return (Instructed(instruction, encoding, dataset.name, str(dataset.file or "")),)


def compile_way(way: Way, columns: Collection[str] | None = None) -> CompiledTemplate | CompiledInstruction:
    """`way`, ready to render rows. Raises what `compile_template` raises."""
    return compile_template(way, columns) if isinstance(way, Template) else CompiledInstruction(way)


def separator_of(way: Way) -> str:
    """What stands between prompt and completion in the plain format."""
    return way.separator if isinstance(way, Template) else LAYOUTS[way.encoding.layout].separator


@dataclass(frozen=True, slots=True)
class RenderedInstruction:
    """As `Rendered`; `exemplars` are the characters [start, end) of each example in the prompt."""

    prompt: str
    completion: str
    references: tuple[str, ...]
    prompt_spans: tuple[Span, ...]
    completion_spans: tuple[Span, ...]
    exemplars: tuple[tuple[int, int], ...]
    choices: None = None
    answer: None = None


def prompt_source(way: Way) -> str:
    """What a way to ask writes, with the names of columns where it writes theirs."""
    if isinstance(way, Template):
        return way.prompt
    return opening(way.instruction, way.encoding).text + LAYOUTS[way.encoding.layout].ask("{{ input }}")[0]


class CompiledInstruction:
    """An instruction, written once for all rows of its task."""

    columns = required = COLUMNS

    def __init__(self, way: Instructed) -> None:
        self.template = way
        self._opening = opening(way.instruction, way.encoding)
        self._ask = LAYOUTS[way.encoding.layout].ask

    def render(self, row: Row, *, truncate_chars: int | None = None) -> RenderedInstruction | None:
        """`row` behind the instruction, or None where every one of its outputs is blank.

        `truncate_chars` cuts the input. Raises `TemplateMistake` for a row that lacks a column.
        """
        given, outputs = self._columns(row)
        references = tuple(text for each in outputs if (text := each.strip()))
        if not references:
            return None
        if truncate_chars is not None:
            given = str(do_truncate(_CUTTING, given, truncate_chars))
        text, start, end = self._ask(given)
        prompt, at = self._opening.text + text, len(self._opening.text)
        completion = references[self._drawn(row, len(references))]
        spans = (Span(at + start, at + end, ("input",)),), (Span(0, len(completion), ("output",)),)
        return RenderedInstruction(prompt, completion, references, *spans, self._opening.exemplars)

    def _columns(self, row: Row) -> tuple[str, tuple[str, ...]]:
        try:
            return row.values["input"], tuple(row.values["output"])
        except KeyError as missing:
            where = f"{self.template.where or self.template.dataset}, row {row.id}"
            raise TemplateMistake(where, f"has no column {missing}", "instructions ask rows of task files") from None

    def _drawn(self, row: Row, count: int) -> int:
        """Which reference is the completion: the same for a row in every split that holds it, and in every encoding."""
        return Random(f"{self.template.dataset}\0{row.index}").randrange(count) if count > 1 else 0
