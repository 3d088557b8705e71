"""A chat up to an open user turn: what a model reads to write what a user would ask (Magpie, 2406.08464)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unseen.encode.chat_template import Refused, Turn
from unseen.encode.format import Format, closing_token
from unseen.encode.tokenizer import Tokenizer
from unseen.encode.write import refuse_reserved, with_system
from unseen.errors import ModelMistake
from unseen.prompt.example import Segment

REMEDY = "give it seed instructions or a file of questions, or choose a chat model"


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Token `ids` up to where the user speaks; the turn ends before a token of `end` or a text of `stop`."""

    ids: tuple[int, ...]
    end: frozenset[int]
    stop: tuple[str, ...]


def open_user_turn(segments: Sequence[Segment], tokenizer: Tokenizer, format: Format) -> OpenTurn:
    """The chat template's own words before a user turn that follows `segments`, usually none or a system turn.

    A template that closes a user turn with words of its own rather than a control token (Llama 2's `[/INST]`) ends it
    at these. Raises `ModelMistake` for a model without a chat template, or whose template refuses the turns.
    """
    template = tokenizer.chat_template
    where = str(tokenizer.folder)
    if template is None or format.kind != "chat":
        raise ModelMistake(where, "has no chat template, so it cannot write what a user would ask", REMEDY)
    turns = with_system(segments, format)
    refuse_reserved(where, turns)
    if turns and not template.takes_system:
        raise ModelMistake(where, "has a chat template without system turns", "leave the system turn out")
    try:
        pieces = template.pieces([*(Turn(each.role, each.text) for each in turns), Turn("user", "x")])
    except Refused as refusal:
        raise ModelMistake(where, str(refusal), REMEDY) from None
    before, after = pieces[:-2], pieces[-1].text
    text = "".join(each.text if each.turn is not None else tokenizer.mark_markup(each.text) for each in before)
    return OpenTurn(tuple(tokenizer.ids(text).tolist()), *_closing(after, tokenizer))


def _closing(markup: str, tokenizer: Tokenizer) -> tuple[frozenset[int], tuple[str, ...]]:
    """Ids and texts that close a user turn: the control token behind it, else its words; and the model's end token."""
    closing = closing_token(tokenizer.mark_markup(markup))
    named = [tokenizer.end_token, closing[1] if closing else None]
    end = frozenset(index for token in named if token and (index := tokenizer.id_of(token)) is not None)
    words = tokenizer.control.split(markup)[0].strip()
    return end, () if closing or not words else (words,)
