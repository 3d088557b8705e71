"""How the parts of an instruction are written: in Tk-Instruct's layout, or in that of Natural Instructions v1.

tk_instruct is the text of Tk-Instruct's collator (src/ni_collator.py of its repository) to the character: leading
spaces, the full stop behind whatever ends without ASCII punctuation, and the space at the very end. Parts that
Super-NaturalInstructions does not have follow the definition, written as it is.

natural_instructions is that of src/utils/encodeinstruction.py of the v1 repository, as it is by default: `Field: text`
lines, then examples with their reasons. A suggestion follows its reason without a space there, and so it does here.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from unseen.prompt.instruction import Encoding, Instruction, InstructionExample, LayoutName

FIELDS: Mapping[str, str] = {
    "title": "Title",
    "definition": "Definition",
    "prompt": "Prompt",
    "avoid": "Things to Avoid",
    "emphasis": "Emphasis & Caution",
}
Piece = tuple[str, bool]  # text, and whether it is an example, which may be dropped
Asked = tuple[str, int, int]  # text around a row's input, and where the input starts and ends in it


@dataclass(frozen=True, slots=True)
class Layout:
    """`pieces` writes an instruction, `ask` what follows it; `separator` stands before the answer in plain text."""

    pieces: Callable[[Instruction, Encoding], Iterator[Piece]]
    ask: Callable[[str], Asked]
    separator: str


@dataclass(frozen=True, slots=True)
class Opening:
    """The text before a row's input, and the characters [start, end) of each example in it."""

    text: str
    exemplars: tuple[tuple[int, int], ...]


def opening(instruction: Instruction, encoding: Encoding) -> Opening:
    """What every prompt of a task begins with under `encoding`."""
    text, exemplars = "", []
    for piece, is_example in LAYOUTS[encoding.layout].pieces(instruction, encoding):
        if is_example:
            exemplars.append((len(text), len(text) + len(piece)))
        text += piece
    return Opening(text, tuple(exemplars))


def _tk_pieces(instruction: Instruction, encoding: Encoding) -> Iterator[Piece]:
    if "title" in encoding.parts and instruction.title:
        yield f"{instruction.title}. ", False
    for part in ("definition", "prompt", "avoid", "emphasis"):
        text = str(getattr(instruction, part)).strip()
        if part in encoding.parts and text:
            yield _stopped(f"{FIELDS[part]}: {text}") + "\n\n", False
    for kind, examples in _shown(instruction, encoding, ("positive", "negative")):
        for number, example in enumerate(examples, 1):
            yield _tk_example(f" {kind.capitalize()} Example {number} -", example, encoding), True


def _tk_example(title: str, example: InstructionExample, encoding: Encoding) -> str:
    text = f"{title}\n" + _stopped(f"Input: {example.input.strip()}") + "\n"
    text += _stopped(f" Output: {example.output.strip()}") + "\n"
    if encoding.explanations and example.reason.strip():
        text += _stopped(f" Explanation: {example.reason.strip()}") + "\n"
    return text + "\n"


def _tk_ask(given: str) -> Asked:
    before = "Now complete the following example -\nInput: "
    text = before + given.strip()
    return _stopped(text) + "\nOutput: ", len(before), len(text)


def _stopped(text: str) -> str:
    return text if text[-1] in string.punctuation else f"{text}."


def _ni_pieces(instruction: Instruction, encoding: Encoding) -> Iterator[Piece]:
    for part in encoding.parts:
        if part in FIELDS:
            text = str(getattr(instruction, part)).strip()
            if text:
                yield f"{FIELDS[part]}: {text}\n", False
            continue
        for kind, examples in _shown(instruction, encoding, (part,)):
            for number, example in enumerate(examples, 1):
                yield _ni_example(kind, number, example, encoding), True


def _ni_example(kind: str, number: int, example: InstructionExample, encoding: Encoding) -> str:
    """ "Full Explanations" have a title and a reason; a positive example without them is input and output alone."""
    text = f"input: {example.input}\noutput: {example.output}\n"
    if encoding.explanations or kind == "negative":
        text = f"{kind.capitalize()} Example{number}- \n{text}"
    why = f"reason: {example.reason}" if example.reason.strip() else ""
    why += f"suggestion: {example.suggestion}" if example.suggestion.strip() else ""
    return text + (f"{why}\n" if encoding.explanations and why else "")


def _ni_ask(given: str) -> Asked:
    before = "input: "
    return f"{before}{given}\noutput:", len(before), len(before) + len(given)


def _shown(
    instruction: Instruction, encoding: Encoding, kinds: Sequence[str]
) -> Iterator[tuple[str, tuple[InstructionExample, ...]]]:
    """The examples of each kind that the encoding shows, in the order of `kinds`."""
    for kind in kinds:
        if kind in encoding.parts:
            yield kind, getattr(instruction, kind)[: getattr(encoding, kind)]


LAYOUTS: Mapping[LayoutName, Layout] = {
    "tk_instruct": Layout(_tk_pieces, _tk_ask, ""),
    "natural_instructions": Layout(_ni_pieces, _ni_ask, " "),
}
