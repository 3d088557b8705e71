"""Answer choices and references: the two things of a template that are lists of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.prompt.choices import listed, split_choices
from unseen.prompt.dataflow import NONE, Columns
from unseen.prompt.filters import RowState
from unseen.prompt.source import Source, compile_source, compile_value

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListSource:
    """`write` gives the texts for one row; `sources` are what it was compiled from."""

    write: Callable[[Values, RowState], tuple[str, ...]]
    sources: Sequence[Source]

    @property
    def reads(self) -> Columns:
        return NONE.union(*(source.reads for source in self.sources))

    @property
    def from_columns(self) -> bool:
        """Whether every text of the list holds text of a column."""
        return all(source.writes for source in self.sources)

    @property
    def constant(self) -> bool:
        return all(source.constant for source in self.sources)


def compile_list(said: Sequence[str] | str, strict: bool, choices: Columns = NONE) -> ListSource:
    """A list of Jinja sources; or one source, whose text is split at `|||`; or one `{{ expression }}` of a list.

    Raises `Refused`.
    """
    if isinstance(said, str):
        value = compile_value(said, strict, choices)
        if value is not None:
            return ListSource(_of_value(value), (value,))
        return compile_split(said, strict, choices)
    sources = tuple(compile_source(each, strict, choices) for each in said)

    def write(values: Values, state: RowState) -> tuple[str, ...]:
        return tuple(source.write(values, state)[0].strip() for source in sources)

    return ListSource(write, sources)


def compile_split(said: str, strict: bool, choices: Columns = NONE) -> ListSource:
    """One source, whose text is split at `|||`, as PromptSource reads its answer choices."""
    source = compile_source(said, strict, choices)
    return ListSource(lambda values, state: split_choices(source.write(values, state)[0]), (source,))


def _of_value(source: Source) -> Callable[[Values, RowState], tuple[str, ...]]:
    def write(values: Values, state: RowState) -> tuple[str, ...]:
        source.write(values, state)
        return listed(state.value)

    return write
