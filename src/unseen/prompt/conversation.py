"""Rows that are instructions already: conversations, Alpaca, prompt with completion, rendered P3, FLAN and xP3.

They need no template. What a description may say about them stands in the one entry of its `templates` (`AsWritten`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from unseen.data.dataset import Dataset, Row
from unseen.errors import DataMistake, TemplateMistake, nearest
from unseen.prompt.example import Example, Role, Segment, Span
from unseen.section import Section, check_model

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
# Column pairs of published instruction data; P3 on the hub keeps token ids under `inputs`, its text under the first.
_PAIRS = (
    ("inputs_pretokenized", "targets_pretokenized"),
    ("prompt", "completion"),
    ("inputs", "targets"),
    ("prompt", "response"),
    ("query", "response"),
    ("instruction", "response"),
    ("input", "output"),
)


class AsWritten(Section):
    """How rows that are already instructions are read."""

    name: Literal["as_written"] = "as_written"
    loss: Literal["every", "last"] = "every"  # assistant turns that are learned from
    end_marker: str = ""  # text at the end of completions that stands for the end of text, as "<|endoftext|>"
    separator: str = "\n"  # between prompt and completion in the plain format


def as_written(dataset: Dataset) -> AsWritten:
    """What the description says about its conversations. Raises `TemplateMistake` naming file and key."""
    where = str(dataset.file or dataset.name)
    if len(dataset.templates) > 1:
        remedy = "rows that are already instructions are asked in one way: keep one entry"
        raise TemplateMistake(where, f"{len(dataset.templates)} entries under 'templates'", remedy)
    said = dataset.templates[0] if dataset.templates else {}
    return check_model(AsWritten, said, f"{where}, templates", TemplateMistake)


def conversation(dataset: Dataset, row: Row) -> Example | None:
    """`row` of a dataset of kind messages, sharegpt, alpaca or prompt_completion as an example.

    None when no assistant says anything. Turns after the last answer have nothing to teach and are left out. A turn
    that says `ended: false` was broken off. Raises `DataMistake` naming file and record where a row has another shape.
    """
    said = as_written(dataset)
    read = _READERS[dataset.kind]
    try:
        turns, references = read(row.values)
    except _Shape as shape:
        raise DataMistake(_place(dataset, row), str(shape), shape.remedy) from None
    segments = _supervised(turns, said)
    if segments is None:
        return None
    references = tuple(dict.fromkeys(_unmarked(each, said.end_marker) for each in references))
    return Example(
        task=dataset.task,
        template=said.name,
        split=row.split,
        row=row.index,
        segments=segments,
        references=references or (segments[-1].text,),
        separator=said.separator,
    )


def why_empty(kind: str) -> str:
    """What a row, or rows, of a dataset of this kind that make no example do."""
    if kind == "rows":
        return "renders empty"
    return "holds no assistant turn with text" if kind in ("messages", "sharegpt") else "holds an empty completion"


class _Shape(Exception):
    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


Read = tuple[tuple[Segment, ...], tuple[str, ...]]  # segments, and references where there are several


def _messages(values: Mapping[str, Any]) -> Read:
    return _turns(values, ("messages", "conversation", "conversations"), "role", "content")


def _sharegpt(values: Mapping[str, Any]) -> Read:
    return _turns(values, ("conversations", "conversation", "messages"), "from", "value")


def _turns(values: Mapping[str, Any], columns: Sequence[str], role: str, text: str) -> Read:
    column = next((name for name in columns if name in values), None)
    if column is None:
        raise _Shape(f"has no column '{columns[0]}'", nearest(columns[0], values, "columns"))
    turns = values[column]
    if not isinstance(turns, (list, tuple)) or not turns:
        raise _Shape(f"'{column}' is no list of turns", f"write a list of {{{role}, {text}}}")
    return tuple(_turn(turn, number, role, text) for number, turn in enumerate(turns, 1)), ()


def _turn(turn: Any, number: int, role: str, text: str) -> Segment:
    if not isinstance(turn, Mapping) or role not in turn or text not in turn:
        raise _Shape(f"turn {number} has no '{role}' and '{text}'", f"write every turn as {{{role}, {text}}}")
    speaker = _ROLES.get(str(turn[role]).strip().lower())
    if speaker is None:
        raise _Shape(f"turn {number} is spoken by '{turn[role]}'", "known: system, user, assistant (human, gpt)")
    return Segment(speaker, _text(turn[text], f"turn {number}"), source="row", ended=turn.get("ended") is not False)


def _text(value: Any, what: str) -> str:
    """Text, or the text parts of a list of parts; anything else (images, tools) is not for this."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(p, Mapping) and p.get("type") == "text" for p in value):
        return "".join(str(part.get("text", "")) for part in value)
    raise _Shape(f"{what} is a {type(value).__name__}, not text", "only text is read")


def _alpaca(values: Mapping[str, Any]) -> Read:
    """Stanford Alpaca's columns; `input` may be missing or empty."""
    for name in ("instruction", "output"):
        if name not in values:
            raise _Shape(f"has no column '{name}'", nearest(name, values, "columns"))
    instruction = _text(values["instruction"], "'instruction'").strip()
    given = _text(values.get("input") or "", "'input'").strip()
    prompt = f"{instruction}\n\n{given}" if given else instruction
    spans = (Span(len(prompt) - len(given), len(prompt), ("input",)),) if given else ()
    asked = Segment("user", prompt, source="row", spans=spans)
    return (asked, Segment("assistant", _text(values["output"], "'output'"), source="row")), ()


def _prompt_completion(values: Mapping[str, Any]) -> Read:
    pair = next((pair for pair in _PAIRS if pair[0] in values and pair[1] in values), None)
    if pair is None:
        raise _Shape("has no columns 'prompt' and 'completion'", "name them: 'columns: {prompt: ..., completion: ...}'")
    targets = values[pair[1]]
    several = tuple(_text(each, f"'{pair[1]}'") for each in targets) if isinstance(targets, (list, tuple)) else ()
    completion = several[0] if several else _text(targets, f"'{pair[1]}'")
    asked = Segment("user", _text(values[pair[0]], f"'{pair[0]}'").strip(), source="row")
    return (asked, Segment("assistant", completion, source="row")), several


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Read]] = {
    "messages": _messages,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "prompt_completion": _prompt_completion,
}


def _supervised(segments: Sequence[Segment], said: AsWritten) -> tuple[Segment, ...] | None:
    """The segments up to the last answer, assistant turns with their loss weights; None where there is no answer."""
    answers = [place for place, segment in enumerate(segments) if segment.role == "assistant" and segment.text.strip()]
    if not answers:
        return None
    last = answers[-1]
    learned = answers if said.loss == "every" else [last]
    made: list[Segment] = []
    for place, segment in enumerate(segments[: last + 1]):
        if segment.role == "assistant":
            text = _unmarked(segment.text, said.end_marker)
            segment = replace(segment, text=text, weight=1.0 if place in learned and text else 0.0)
        made.append(segment)
    return tuple(made) if made[-1].text else None


def _unmarked(text: str, marker: str) -> str:
    """A completion without its end marker and the white space around it."""
    text = text.strip()
    return text.removesuffix(marker).strip() if marker else text


def _place(dataset: Dataset, row: Row) -> str:
    source = dataset.splits.get(row.split)
    return f"{source.path if source else dataset.name}, record {row.index}"
