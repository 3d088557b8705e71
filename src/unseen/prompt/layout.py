"""An example laid out in a prompt format: the content of what a template asked, without the template's own layout."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unseen.prompt.example import Example, Segment, Span
from unseen.prompt.fields import OPTIONS, Content, Field, content_of
from unseen.prompt.formats import ANSWERS, MOST_ITEMS, PromptFormat


@dataclass(frozen=True, slots=True)
class Formatted:
    """Lays out what a template asks in `format`, under the format's name."""

    name: str
    format: PromptFormat

    def of(self, example: Example) -> Example | None:
        made = laid_out(example, self.format)
        return None if made is None else replace(made, template=self.name)


def laid_out(example: Example, format: PromptFormat) -> Example | None:
    """`example` asked in `format`: its instruction, its fields, its options, and the name of the answer.

    White space that the format puts before the answer separates it in the plain format; a chat turn ends without it.
    None where the example shows no text of a column. Completion, choices and references stay as they are.
    """
    content = content_of(example)
    if not content.fields:
        return None
    page = _Page(format).begun(content.instruction)
    for field in content.fields:
        page = page.with_field(field)
    if content.options and len(content.options) <= MOST_ITEMS:
        page = page.with_field(Field(OPTIONS, content.options, ()))
    prompt = page.text + format.spacing + format.named(answer_name(content, format))
    asked = Segment("user", prompt.rstrip(), spans=page.spans)
    answered = example.segments[-1:] if example.segments[-1].role == "assistant" else ()
    separator = prompt[len(prompt.rstrip()) :]
    return replace(example, segments=(asked, *answered), separator=separator)


def answer_name(content: Content, format: PromptFormat) -> str:
    """The format's name for the answer, or the next one that is no field's name."""
    names = {field.name for field in content.fields}
    start = ANSWERS.index(format.answer)
    return next((each for each in (*ANSWERS[start:], *ANSWERS[:start]) if each not in names), "what is asked")


@dataclass(frozen=True, slots=True)
class _Page:
    """The prompt as far as it is written."""

    format: PromptFormat
    text: str = ""
    spans: tuple[Span, ...] = ()

    def begun(self, instruction: str) -> _Page:
        return replace(self, text=f"{instruction}\n" if instruction else "")

    def with_field(self, field: Field) -> _Page:
        """One more field; a list is numbered where the format numbers lists."""
        text = self.text + (self.format.spacing if self.spans else "") + self.format.named(field.name)
        spans = list(self.spans)
        items = self.format.items if len(field.texts) > 1 and len(field.texts) <= MOST_ITEMS else None
        for number, each in enumerate(field.texts, 1):
            if number > 1:
                text += items.gap if items else self.format.spacing
            text += f"{items.mark(number)} " if items else ""
            spans.append(
                Span(len(text), len(text) + len(each), field.columns, "column" if field.columns else "choices")
            )
            text += each
        return replace(self, text=text, spans=tuple(spans))
