"""A model's own chat template: Jinja, in the sandbox, rendered with the turns' text kept apart from the markup.

A rendering equals transformers' `apply_chat_template(tokenize=False)`, without importing transformers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2

from unseen.encode.chat_environment import METER, ChatEnvironment
from unseen.prompt.limits import LimitReached, Meter

BEGIN, NUMBERED, END = "\ufdd2", "\ufdd3", "\ufdd4"  # BEGIN turn's index NUMBERED turn's text END
WRAPPED = re.compile(f"{BEGIN}([0-9]+){NUMBERED}(.*?){END}", re.DOTALL)
PAD = "\u2003"  # white space that no template writes, to see whether one trims a turn


class Refused(Exception):
    """The template refuses these turns, or rewrites their text; the message says which."""


class Endless(Refused):
    """The template takes more work than one rendering may."""


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a rendering: markup, or (with `turn`) the text of that turn."""

    text: str
    turn: int | None = None


class ChatTemplate:
    """A compiled chat template. `tokens` are the names that it may print (`bos_token`, ...); `now` is its clock.

    Raises jinja2's `TemplateError` when it does not compile, `Endless` when it cannot render a turn in bounded work.
    """

    def __init__(self, source: str, tokens: Mapping[str, str], now: datetime) -> None:
        self.source = source
        self.now = now
        self.tokens = dict(tokens)
        self._template = ChatEnvironment(now).from_string(source)
        self._markups: dict[tuple[tuple[str, ...], bool], list[Piece]] = {}
        self._trims = frozenset(role for role in ("system", "user", "assistant") if self._trimmed(role))
        self.takes_system = self._shows_system()

    def render(self, turns: Sequence[Turn], *, opening: bool = False) -> str:
        """What transformers' `apply_chat_template(..., add_generation_prompt=opening)` renders.

        Raises `Refused` with the template's own words.
        """
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        names: dict[str, Any] = {"messages": messages, "tools": None, "documents": None, **self.tokens}
        try:
            return self._template.render({**names, "add_generation_prompt": opening, METER: Meter()})
        except LimitReached as limit:
            raise Endless(f"the chat template {limit}") from None
        except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise Refused(f"the chat template refuses it ({error})") from None
        except RecursionError:
            raise Endless("the chat template calls itself without end") from None

    def answered(self, turns: Sequence[Turn]) -> tuple[list[Piece], list[Piece]]:
        """The rendering of `turns`, and that of the turns before the last one with the last one opened, as pieces.

        Most templates write the same markup whatever the text is, so the text is put into the markup of earlier turns
        of the same roles, and must give the plain rendering. Where it does not, the text is followed through the
        template. Raises `Refused` where that does not give the plain rendering either.
        """
        pieces = self._filled(turns, opening=False)
        if _text(pieces) == self.render(turns):
            return pieces, self._filled(turns[:-1], opening=True) if turns[1:] else []
        return self.pieces(turns), self.pieces(turns[:-1], opening=True) if turns[1:] else []

    def pieces(self, turns: Sequence[Turn], *, opening: bool = False) -> list[Piece]:
        """The rendering of `turns` as pieces, the text followed through the template; raises `Refused`."""
        pieces = self._followed(turns, opening)
        if _text(pieces) != self.render(turns, opening=opening):
            raise Refused("the chat template rewrites the text of a turn")
        return pieces

    def _filled(self, turns: Sequence[Turn], opening: bool) -> list[Piece]:
        """The markup of turns of these roles, with the text of these."""
        markup = self._markup(tuple([turn.role for turn in turns]), opening)
        return [p if p.turn is None else Piece(self._kept(turns[p.turn]), p.turn) for p in markup]

    def _markup(self, roles: tuple[str, ...], opening: bool) -> list[Piece]:
        """The pieces of turns of these roles, with a text that stands for any."""
        known = self._markups.get((roles, opening))
        if known is None:
            known = self._markups[roles, opening] = self._followed([Turn(role, "x") for role in roles], opening)
        return known

    def _followed(self, turns: Sequence[Turn], opening: bool) -> list[Piece]:
        """The pieces, found by wrapping each turn's text in noncharacters."""
        wrapped = self.render([self._wrap(i, turn) for i, turn in enumerate(turns)], opening=opening)
        markup_and_turns = WRAPPED.split(wrapped)  # markup, index, text, markup, index, text, ..., markup
        pieces = [Piece(markup_and_turns[0])]
        for index, text, markup in zip(*(iter(markup_and_turns[1:]),) * 3, strict=True):
            pieces += [Piece(text, int(index)), Piece(markup)]
        return pieces

    def _wrap(self, index: int, turn: Turn) -> Turn:
        return Turn(turn.role, f"{BEGIN}{index}{NUMBERED}{self._kept(turn)}{END}")

    def _kept(self, turn: Turn) -> str:
        return turn.text.strip() if turn.role in self._trims else turn.text

    def _trimmed(self, role: str) -> bool:
        turns = [Turn("user", "a"), Turn("assistant", "b")]
        place = {"system": 0, "user": 0, "assistant": 1}[role]
        turns[place : place + (role != "system")] = [Turn(role, f"{PAD}c{PAD}")]
        try:
            return f"{PAD}c{PAD}" not in self.render(turns)
        except Endless:
            raise
        except Refused:
            return False

    def _shows_system(self) -> bool:
        try:
            return "\u2002c" in self.render([Turn("system", "s\u2002c"), Turn("user", "a")])
        except Endless:
            raise
        except Refused:
            return False


def _text(pieces: Sequence[Piece]) -> str:
    return "".join([piece.text for piece in pieces])
