"""A template with the wordings of a set in place of its instruction: nothing else of it changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from unseen.diversify.wording import Wording
from unseen.errors import TemplateMistake
from unseen.prompt.template import Template

_JINJA = re.compile(r"\{\{|\{%")
_OPENS = re.compile(r"\{(?=[{%#]|$)")
GAP = "\n\n"  # between a wording and the input, where the template has no line break of its own there


@dataclass(frozen=True, slots=True)
class Around:
    """The prompt of a template without its instruction: what stands before the instruction's place, the input with the
    words about it, and what stands after; `gap` parts wording and input."""

    first: str
    input: str
    last: str
    gap: str

    def with_wording(self, wording: Wording) -> str:
        """The prompt with `wording` around the input."""
        before = escaped(wording.before) + self.gap if wording.before else ""
        after = self.gap + escaped(wording.after) if wording.after else ""
        return f"{self.first}{before}{self.input}{after}{self.last}"


def templates_of(wordings: Sequence[Wording], template: Template, instruction: str) -> tuple[Template, ...]:
    """`template` once for each wording, in place of `instruction`, which its prompt says before or after the input.

    The templates are named after the wordings; completion, choices and references stay as they are, but for wordings
    that have a completion of their own. Raises `TemplateMistake` where the prompt does not say the instruction once, or
    has parts of the input on both sides of it.
    """
    around = around_instruction(template, instruction)
    return tuple(_reworded(template, around, each) for each in wordings)


def _reworded(template: Template, around: Around, wording: Wording) -> Template:
    made = replace(template, name=wording.name, prompt=around.with_wording(wording))
    return made if wording.completion is None else replace(made, completion=escaped(wording.completion))


def says_instruction(template: Template, instruction: str) -> bool:
    """Whether the prompt says the instruction at least once."""
    return _found(template, instruction) != []


def _found(template: Template, instruction: str) -> list[re.Match[str]]:
    """Where; white space of the instruction's makes no difference in finding it."""
    return list(re.finditer(r"\s+".join(map(re.escape, escaped(instruction).split())), template.prompt))


def around_instruction(template: Template, instruction: str) -> Around:
    """The parts of a prompt."""
    where = f"{template.where}, template '{template.name}'" if template.where else f"template '{template.name}'"
    if template.syntax != "unseen":
        raise TemplateMistake(where, "is in PromptSource's syntax", "write its prompt and completion apart")
    found = _found(template, instruction)
    if len(found) != 1:
        what = f"says the instruction {len(found)} times: '{instruction}'" if found else "does not say the instruction"
        raise TemplateMistake(where, what, f"its prompt must hold, once: {instruction}")
    before, after = template.prompt[: found[0].start()], template.prompt[found[0].end() :]
    return _parts(before, after, where)


def _parts(before: str, after: str, where: str) -> Around:
    inputs = (bool(_JINJA.search(before)), bool(_JINJA.search(after)))
    if inputs == (True, True):
        what = "has parts of the input before and after its instruction"
        raise TemplateMistake(where, what, "put the instruction before all of them, or after")
    if inputs == (False, False):
        raise TemplateMistake(where, "shows no column of a row", "write its input, for example {{ text }}")
    if inputs[0]:
        text = before.rstrip()
        return Around("", text, after, _gap(before[len(text) :]))
    text = after.lstrip()
    return Around(before, text, "", _gap(after[: len(after) - len(text)]))


def _gap(space: str) -> str:
    return space if "\n" in space else GAP


def escaped(text: str) -> str:
    """`text` as Jinja source: a brace that would open an expression is written as one."""
    return _OPENS.sub("{{ '{' }}", text)
