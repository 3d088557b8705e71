"""A grammar of prompt formats: ways to lay out the same content that ought to make no difference.

Sclar et al. 2024 (arXiv 2310.11324, FormatSpread) vary the casing of field names, the separator between a name and its
text, the spacing between fields, and how options are numbered; two formats of a prompt were up to 76 points apart. The
elements here are of those kinds. As in their grammar, a separator that breaks the line needs a spacing that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

Casing = Literal["Title", "UPPER", "lower"]
Numbering = Literal["A", "a", "1", "i", "I"]

CASINGS: Mapping[Casing, Callable[[str], str]] = {"Title": str.title, "UPPER": str.upper, "lower": str.lower}
SEPARATORS = (": ", ":", " : ", ":: ", " - ", " ", "\t", "\n", "\n\t")
SPACINGS = ("\n", "\n\n", " ", " -- ", " || ", "; ", ", ", ". ")
ANSWERS = ("answer", "output", "reply")
GAPS = ("\n", " ", "; ", " / ")
WRAPPERS = ("({})", "{}.", "{})", "[{}]", "<{}>")
MOST_ITEMS = 20  # a longer list is not numbered: letters end, and a prompt that lists 77 intents is another prompt
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_NUMBERS: Mapping[Numbering, Callable[[int], str]] = {
    "A": lambda number: chr(ord("A") + number - 1),
    "a": lambda number: chr(ord("a") + number - 1),
    "1": str,
    "i": lambda number: "x" * (number // 10) + _ROMAN[number % 10],
    "I": lambda number: ("x" * (number // 10) + _ROMAN[number % 10]).upper(),
}
_VISIBLE = str.maketrans({"\n": "⏎", "\t": "⇥"})


@dataclass(frozen=True, slots=True)
class Items:
    """How the items of a list are numbered, and what stands between two of them."""

    numbering: Numbering = "A"
    wrapper: str = "({})"
    gap: str = "\n"

    def mark(self, number: int) -> str:
        """What stands before item `number`, counted from 1."""
        return self.wrapper.format(_NUMBERS[self.numbering](number))


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """One format; the first, with every default, is the plain one. `items` is absent where a task lists nothing."""

    casing: Casing = "Title"
    separator: str = ": "
    spacing: str = "\n"
    answer: str = "answer"
    items: Items | None = Items()

    def named(self, field: str) -> str:
        """The name of a field with what separates it from its text."""
        return CASINGS[self.casing](field) + self.separator

    def name(self, field: str) -> str:
        """What the format looks like around `field`, in a line: every element of it can be seen."""
        marks = "" if self.items is None else f" {self.items.mark(1)}{self.items.gap}{self.items.mark(2)}"
        return f"{self.named(field)}~{self.spacing}{self.named(self.answer)}~{marks}".translate(_VISIBLE)


@cache
def grammar(lists: bool) -> tuple[PromptFormat, ...]:
    """Every format, the plain one first; with numbered items for tasks that list their options or other items."""
    numbered = [Items(*each) for each in product(_NUMBERS, WRAPPERS, GAPS)] if lists else [None]
    return tuple(
        PromptFormat(casing, separator, spacing, answer, items)
        for casing, separator, spacing, answer, items in product(CASINGS, SEPARATORS, SPACINGS, ANSWERS, numbered)
        if "\n" in spacing or not ("\n" in separator or (items is not None and "\n" in items.gap))
    )
