"""Compiles a template once and renders rows with it.

PromptSource compiles its template anew for every row, without a sandbox, cuts fields at 2,048 characters by default
and draws `choice` from the global generator (promptsource/templates.py, `Template.apply`). Here a template is compiled
once, in a sandbox with limits; cutting is asked for; `choice` is seeded by the row. The text is PromptSource's own.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from random import Random
from typing import Any, NamedTuple

from jinja2 import StrictUndefined

from unseen.data.dataset import Row
from unseen.errors import TemplateMistake, raise_all
from unseen.prompt.choices import SEPARATOR
from unseen.prompt.dataflow import CHOICES, NONE, Columns
from unseen.prompt.example import Span
from unseen.prompt.faults import FAULTS, MissingColumn, compile_mistake, missing_column, place, row_mistake
from unseen.prompt.filters import RowState
from unseen.prompt.lists import ListSource, compile_list, compile_split
from unseen.prompt.parts import Part, part, protect, restore, split_parts
from unseen.prompt.rewrite import Refused
from unseen.prompt.source import Source, compile_source
from unseen.prompt.template import Template


class Rendered(NamedTuple):
    """One row as one template asks it; `answer` is the index of the completion among `choices`, if it is one of them.

    The spans of prompt and completion are worked out when asked for.
    """

    prompt: str
    completion: str
    references: tuple[str, ...]
    choices: tuple[str, ...] | None
    answer: int | None
    parts: tuple[Part, Part]

    @property
    def exemplars(self) -> tuple[tuple[int, int], ...]:
        """A template shows none; see `RenderedInstruction`."""
        return ()

    @property
    def prompt_spans(self) -> tuple[Span, ...]:
        return self.parts[0].spans()

    @property
    def completion_spans(self) -> tuple[Span, ...]:
        return self.parts[1].spans()


def row_random(template: Template, row: Row) -> Random:
    """What `choice` draws from, answer choices first: the same for a row under a template, wherever it is rendered."""
    return _state(template, row).random


def _state(template: Template, row: Row) -> RowState:
    return RowState((template.dataset, template.name, row.split, str(row.index)))


def compile_template(template: Template, columns: Collection[str] | None = None) -> CompiledTemplate:
    """`template`, compiled; with `columns` given, also checked to need no other.

    Raises `TemplateMistake` (or several together) naming file, template, and line or column.
    """
    compiled = CompiledTemplate(template)
    if columns is not None:
        missing = sorted(compiled.required - set(columns))
        raise_all([missing_column(place(template), name, columns) for name in missing])
    return compiled


class CompiledTemplate:
    """A template ready to render; `columns` are those that it may read, `required` those that a row must have."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._splits = template.syntax == "promptsource"
        self._strict = not self._splits
        _check_completion(template)
        self._choices = self._list("answer_choices", template.answer_choices)
        self._choices_read = self._choices.reads if self._choices else NONE
        self._references = self._list("references", template.references)
        self._parts: dict[int | None, tuple[Source, ...]] = {None: self._compile_parts(None)}
        lists = [each for each in (self._choices, self._references) if each]
        sources = [source for each in lists for source in each.sources] + [*self._parts[None]]
        self.columns: Columns = NONE.union(*(source.reads for source in sources))
        self.required: Columns = NONE.union(*(source.required for source in sources))
        self._changes = any(source.changes for source in sources)
        self._given = tuple(sorted(self.columns))
        self._fixed = self._constant_choices()

    @property
    def choices_from_columns(self) -> bool:
        """Whether every answer choice is text of the row, as an ending that fits, and not a letter or a label."""
        return self._choices is not None and self._choices.from_columns

    def render(self, row: Row, *, truncate_chars: int | None = None) -> Rendered | None:
        """`row` as this template asks it, or None when it renders empty.

        Empty, as in PromptSource: no prompt, no completion, or not exactly the two parts (a branch that writes
        nothing). `truncate_chars` cuts every output expression, as PromptSource's `apply()` does at 2,048.
        Raises `TemplateMistake` naming file, template, row and column.
        """
        state = _state(self.template, row)
        try:
            values = self._values(row)
            choices = self._write_choices(values, state)
            parts = self._write(values, state, truncate_chars)
            if len(parts) != 2 or not parts[0].text or not parts[1].text:
                return None
            prompt, completion = parts
            references = self._references.write(values, state) if self._references else (completion.text,)
        except FAULTS as fault:
            raise row_mistake(self.template, row, fault) from None
        answer = choices.index(completion.text) if choices and completion.text in choices else None
        return Rendered(prompt.text, completion.text, references, choices, answer, (prompt, completion))

    def apply(self, row: Row, *, truncate_chars: int | None = None) -> list[str]:
        """All parts as PromptSource's `Template.apply` gives them, empty ones too."""
        state = _state(self.template, row)
        try:
            values = self._values(row)
            self._write_choices(values, state)
            return [part.text for part in self._write(values, state, truncate_chars)]
        except FAULTS as fault:
            raise row_mistake(self.template, row, fault) from None

    def _values(self, row: Row) -> dict[str, Any]:
        """The columns that the template may read; a `|||` of a column's own is protected from being split at."""
        given, values = {}, row.values
        if CHOICES in values:
            raise ValueError(f"the row has a column '{CHOICES}', which is the template's own word")
        for name in self._given:
            if name in values:
                value = values[name]
                if type(value) is str:
                    if self._splits and SEPARATOR in value:
                        value = protect(value)
                elif self._changes and isinstance(value, (list, dict)):
                    value = copy.deepcopy(value)
                given[name] = value
            elif name in self.required or not self._splits:
                given[name] = StrictUndefined(hint=name, name=name, exc=MissingColumn)
        return given

    def _write_choices(self, values: dict[str, Any], state: RowState) -> tuple[str, ...] | None:
        """The answer choices, which the other sources then find under `answer_choices`, as a list."""
        choices = self._fixed
        if choices is None and self._choices is not None:
            choices = self._choices.write(values, state)
            if self._splits:
                choices = tuple(restore(choice) for choice in choices)
        values[CHOICES] = None if choices is None else list(choices)
        return choices

    def _write(self, values: dict[str, Any], state: RowState, cut: int | None) -> list[Part]:
        if cut not in self._parts:
            self._parts[cut] = self._compile_parts(cut)
        sources = self._parts[cut]
        if self._splits:
            return split_parts(*sources[0].write(values, state))
        return [part(*source.write(values, state)) for source in sources]

    def _compile_parts(self, cut: int | None) -> tuple[Source, ...]:
        """One source with its `|||`, or prompt and completion.

        PromptSource cuts by rewriting the text of its template, so `a if b else c` has only `c` cut: kept as it is.
        """
        if self._splits:
            text = self.template.prompt
            if cut is not None:
                text = text.replace("}}", f" | string | truncate({cut}) }}}}")
            return (self._compile("its template", text, None),)
        template = self.template
        return self._compile("prompt", template.prompt, cut), self._compile("completion", template.completion, cut)

    def _compile(self, part: str, text: str, cut: int | None) -> Source:
        try:
            return compile_source(text, self._strict, self._choices_read, cut)
        except Refused as refused:
            raise compile_mistake(self.template, part, refused) from None

    def _list(self, part: str, said: Sequence[str] | str | None) -> ListSource | None:
        if said is None:
            return None
        choices = NONE if part == CHOICES else self._choices_read
        try:
            if self._splits and isinstance(said, str):
                return compile_split(said, self._strict, choices)
            return compile_list(said, self._strict, choices)
        except Refused as refused:
            raise compile_mistake(self.template, part, refused) from None

    def _constant_choices(self) -> tuple[str, ...] | None:
        """Choices that are the same for every row, written once."""
        if self._choices is None or not self._choices.constant:
            return None
        try:
            return self._choices.write({}, RowState())
        except FAULTS as fault:
            raise row_mistake(self.template, None, fault) from None


def _check_completion(template: Template) -> None:
    if template.syntax == "promptsource":
        if SEPARATOR not in template.prompt:
            raise TemplateMistake(place(template), "has no completion", "write '|||' and what the answer should be")
    elif not template.completion.strip():
        raise TemplateMistake(place(template), "has no completion", "add 'completion:' with what the answer should be")
    if not template.prompt.strip():
        raise TemplateMistake(place(template), "has no prompt", "add 'prompt:' with what is asked")
