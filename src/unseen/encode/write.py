"""An example written out as the one text that is tokenised, with the places that the loss counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from unseen.encode.chat_template import ChatTemplate, Piece, Refused, Turn
from unseen.encode.control import CLOSE, OPEN, RESERVED, mark, shared_start
from unseen.encode.format import Format, closing_token
from unseen.encode.tokenizer import Tokenizer
from unseen.errors import DataMistake
from unseen.prompt.example import Example, Segment

GAP = "\n\n"  # between turns in the plain format


@dataclass(frozen=True, slots=True)
class Target:
    """Characters [start, end) that an assistant says, and the loss weight of their tokens. The end token is among them,
    unless the turn was broken off."""

    start: int
    end: int
    weight: float


class TurnText(NamedTuple):
    """Characters [start, end) that hold the text of the turn of that number."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Written:
    """An example in marked spelling (see `control`). The completion starts at character `prompt`.

    `begin` are token ids before the text; `turns` say where the text of each of the `segments` that were written
    stands. What follows the last target is left out: a model never gets to see what
    a template writes after the end token of the last turn, since generation stops there. A last turn that was broken
    off has no end token either.
    """

    text: str
    prompt: int
    targets: tuple[Target, ...]
    begin: tuple[int, ...] = ()
    segments: Sequence[Segment] = ()
    turns: Sequence[TurnText] = ()


def write(example: Example, tokenizer: Tokenizer, format: Format) -> Written:
    """Write `example` out in `format`.

    Raises `DataMistake` naming the row when the chat template refuses the turns (two user turns in a row, say), or
    when the text holds one of the six noncharacters that the encoding uses itself.
    """
    segments = with_system(example.segments, format)
    refuse_reserved(example.id, segments)
    if format.kind == "plain" or tokenizer.chat_template is None:
        return _plain(segments, example.separator, tokenizer)
    try:
        return _chat(segments, tokenizer.chat_template, tokenizer)
    except Refused as refusal:
        raise DataMistake(example.id, str(refusal), "change the turns, or use format: plain") from None


def refuse_reserved(id: str, segments: Sequence[Segment]) -> None:
    """Raises `DataMistake` naming the row whose text holds a noncharacter that the encoding uses itself."""
    if any(RESERVED.search(segment.text) for segment in segments):
        what = "holds a noncharacter from U+FDD0 to U+FDD5, which Unicode keeps for programs"
        raise DataMistake(id, what, "remove it")


def with_system(segments: Sequence[Segment], format: Format) -> list[Segment]:
    """The turns with the format's system turn before them, where they have none."""
    if format.system is None or any(segment.role == "system" for segment in segments):
        return list(segments)
    return [Segment("system", format.system, source="system"), *segments]


def _plain(segments: Sequence[Segment], separator: str, tokenizer: Tokenizer) -> Written:
    """Prompt, separator, completion, end token; a blank line between turns."""
    end = mark(tokenizer.end_token) if tokenizer.end_token else ""
    text, prompt, targets, turns = "", 0, [], []
    for index, segment in enumerate(segments):
        if segment.role == "assistant":
            text += separator if index and segments[index - 1].role != "assistant" else ""
            prompt = len(text)
            last = index == len(segments) - 1
            said = segment.text + (end if segment.ended and (last or segment.weight > 0) else "")
            targets.append(Target(prompt, prompt + len(said), segment.weight))
            turns.append(TurnText(index, prompt, prompt + len(segment.text)))
            text += said + ("" if last else GAP)
        else:
            turns.append(TurnText(index, len(text), len(text) + len(segment.text)))
            text += segment.text
            followed = index + 1 < len(segments) and segments[index + 1].role != "assistant"
            text += GAP if followed else ""
    return Written(text, prompt, tuple(targets), tokenizer.begin, segments, turns)


def _chat(segments: Sequence[Segment], template: ChatTemplate, tokenizer: Tokenizer) -> Written:
    """The model's own chat template around the turns."""
    segments = list(segments) if template.takes_system else _system_in_user_turn(segments)
    pieces, opened = template.answered([Turn(segment.role, segment.text) for segment in segments])
    spelt = _spelt(pieces, tokenizer)
    text = "".join(spelt)
    targets, turns = _targets(pieces, spelt, segments), _turns(pieces, spelt)
    if not targets or segments[-1].role != "assistant":
        return Written(text, len(text), tuple(targets), (), segments, turns)
    last = targets.pop()
    text = text[: last.end]
    if (
        segments[-1].ended and not text.endswith(CLOSE) and tokenizer.end_token
    ):  # the template closes a turn with no control token
        text += mark(tokenizer.end_token)
    prompt = shared_start("".join(_spelt(opened, tokenizer)), text[: last.start])
    written = Written(text, prompt, (*targets, Target(prompt, len(text), last.weight)), (), segments, turns)
    return _without_head(written, len(spelt[0]), tokenizer)


def _spelt(pieces: Sequence[Piece], tokenizer: Tokenizer) -> list[str]:
    """The pieces' texts, with the markup's control tokens marked."""
    return [piece.text if piece.turn is not None else tokenizer.mark_markup(piece.text) for piece in pieces]


def _turns(pieces: Sequence[Piece], spelt: Sequence[str]) -> list[TurnText]:
    turns, start = [], 0
    for piece, text in zip(pieces, spelt, strict=True):
        if piece.turn is not None:
            turns.append(TurnText(piece.turn, start, start + len(text)))
        start += len(text)
    return turns


def _targets(pieces: Sequence[Piece], spelt: Sequence[str], segments: Sequence[Segment]) -> list[Target]:
    """What the assistant says, each with the control token that closes it, where it was not broken off."""
    targets, start = [], 0
    for index, piece in enumerate(pieces):
        end = start + len(spelt[index])
        if piece.turn is not None and segments[piece.turn].role == "assistant":
            segment = segments[piece.turn]
            closing = closing_token(spelt[index + 1]) if segment.ended else None
            targets.append(Target(start, end + (closing.end() if closing else 0), segment.weight))
        start = end
    return targets


def _without_head(written: Written, lead: int, tokenizer: Tokenizer) -> Written:
    """The same with what every conversation begins with (a system prompt, usually) as ids instead of text.

    `lead` is the length of the markup before the first turn's text; up to its last control token it is always the same.
    """
    cut = written.text.rfind(OPEN, 0, min(lead, written.prompt))
    if cut <= 0:
        return written
    opener = written.text[cut : written.text.index(CLOSE, cut) + 1]
    ids = tokenizer.head_ids(written.text[:cut], opener)
    if ids is None:
        return written
    targets = tuple([Target(t.start - cut, t.end - cut, t.weight) for t in written.targets])
    turns = [TurnText(t.turn, t.start - cut, t.end - cut) for t in written.turns]
    return Written(written.text[cut:], written.prompt - cut, targets, ids, written.segments, turns)


def _system_in_user_turn(segments: Sequence[Segment]) -> list[Segment]:
    """For a template without system turns: their text opens the first user turn."""
    system = [segment.text for segment in segments if segment.role == "system"]
    turns = [segment for segment in segments if segment.role != "system"]
    first = next((i for i, segment in enumerate(turns) if segment.role == "user"), None)
    if not system or first is None:
        return turns
    asked = turns[first]
    before = GAP.join([*system, ""])
    turns[first] = replace(
        asked,
        text=before + asked.text,
        spans=tuple(span.moved(len(before)) for span in asked.spans),
        exemplars=tuple((start + len(before), end + len(before)) for start, end in asked.exemplars),
    )
    return turns
