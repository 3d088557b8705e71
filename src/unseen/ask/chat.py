"""Chat requests and what answers them: the one shape of all backends that write texts (see chat_backends.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from unseen.errors import UserMistake
from unseen.prompt.example import Role


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a text is drawn: see `question.Sample`. Raises `UserMistake` for what cannot be."""

    temperature: float = 0.7
    top_p: float = 0.95
    max_new_tokens: int = 512
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 100:
            raise UserMistake("temperature", f"{self.temperature} is not between 0 and 100", "try 0.7")
        if not 0 < self.top_p <= 1:
            raise UserMistake("top_p", f"{self.top_p} is not above 0 and at most 1", "try 0.95")
        if self.max_new_tokens < 1:
            raise UserMistake("max_new_tokens", f"{self.max_new_tokens} is less than 1", "try 512")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the turn after `messages`.

    Behind a user's message the assistant speaks; behind none, or a system message alone, the user does. Equal `seed`,
    messages and settings give equal texts where the backend can promise that.
    """

    id: str
    messages: tuple[Message, ...]
    drawing: Drawing
    seed: int = 0

    @property
    def speaker(self) -> Role:
        return "assistant" if self.messages and self.messages[-1].role == "user" else "user"


@dataclass(frozen=True, slots=True)
class Said:
    """A text; `ended`, or else broken off at `max_new_tokens`. `tokens` is how many were drawn, where it is known."""

    text: str
    ended: bool = True
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Unsaid:
    """No text came, though it was tried again: `why`, in one line."""

    why: str


class ChatBackend(Protocol):
    """What writes the next turn of chats.

    `name` is for people; `digest` names what answers by content where that can be known, and `pinned` says whether it
    can: a server may change its model under the same name.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def pinned(self) -> bool: ...

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        """Id of a request and its outcome, each as soon as it is there, in any order; each request once.

        Raises `JobFailed` where nothing can be asked any more, after everything that did arrive was handed out.
        """
        ...
