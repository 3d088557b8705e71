"""Talks: several models are told the same, and each goes on from what it said itself."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import Any, Literal

from unseen.errors import UserMistake
from unseen.studio.workers import Worker, Workers

MOST_TALKS, MOST_TURNS, MOST_TEXT = 50, 200, 100_000
Where = Literal["before", "behind"]


@dataclass(frozen=True, slots=True)
class Side:
    """A column: `model` as `resolve` takes it, and the `token` that is put before or behind what it is asked."""

    label: str
    model: str
    token: str = ""
    where: Where = "behind"

    def asked(self, text: str) -> str:
        if not self.token:
            return text
        return f"{self.token} {text}" if self.where == "before" else f"{text} {self.token}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One turn of the user's. With `choices`, these are ranked instead of answered. `manner` is `Manner`'s values;
    `right` the answer of the row that the question is, nothing for one that is no row's. Models are not told it."""

    text: str
    choices: tuple[str, ...]
    manner: Mapping[str, Any]
    right: str = ""


@dataclass(slots=True)
class Answering:
    """What one model says to a turn, as it comes: `text` so far, then `facts` of the whole, or what was `wrong`."""

    asked: str
    choices: tuple[str, ...] = ()
    text: str = ""
    facts: Mapping[str, Any] | None = None
    wrong: str = ""
    worker: Worker | None = None
    number: int = 0
    changed: Condition = field(default_factory=Condition)

    @property
    def ended(self) -> bool:
        return self.facts is not None or bool(self.wrong)

    def take(self, said: Mapping[str, Any]) -> None:
        with self.changed:
            if "more" in said:
                self.text += said["more"]
            elif "end" in said:
                self.facts = said["end"]
                self.text = str(said["end"].get("text", ""))
            else:
                self.wrong = str(said["wrong"])
            self.changed.notify_all()

    def stop(self) -> None:
        if self.worker is not None and not self.ended:
            self.worker.stop(self.number)


@dataclass(frozen=True, slots=True)
class Turn:
    asked: Asked
    sides: tuple[Side, ...]
    answers: tuple[Answering, ...]


@dataclass(slots=True)
class Talk:
    """`sides` may change from turn to turn where they stay as many; each has the history of its column."""

    id: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Turns that some model answers in words, which it reads again: of ranked choices nothing is read."""
        return sum(not turn.asked.choices for turn in self.turns)

    def messages(self, column: int, asked: str) -> list[tuple[str, str]]:
        """What a model reads: every turn before that it answered in words, and what it is asked now."""
        found: list[tuple[str, str]] = []
        for turn in self.turns:
            answer = turn.answers[column] if column < len(turn.answers) else None
            if answer and answer.text and not turn.asked.choices:
                found += [("user", answer.asked), ("assistant", answer.text)]
        return [*found, ("user", asked)]


@dataclass(slots=True)
class Talks:
    """The talks of this studio, the oldest forgotten first."""

    workers: Workers = field(default_factory=Workers)
    _talks: OrderedDict[str, Talk] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def talk(self, id: str) -> Talk:
        """The talk `id`, or a new one where it is not known any more."""
        with self._lock:
            if id not in self._talks:
                id = secrets.token_urlsafe(9)
                self._talks[id] = Talk(id)
                while len(self._talks) > MOST_TALKS:
                    self._talks.popitem(last=False)
            return self._talks[id]

    def answering(self, id: str, turn: int, column: int) -> tuple[Answering, Asked]:
        """An answer, and what it is to. Raises `UserMistake` where there is no such answer."""
        with self._lock:
            talk = self._talks.get(id)
        if talk is None or not 0 <= turn < len(talk.turns) or not 0 <= column < len(talk.turns[turn].answers):
            raise UserMistake("ask", "this talk is over", "ask again")
        return talk.turns[turn].answers[column], talk.turns[turn].asked

    def say(self, talk: Talk, asked: Asked, sides: Sequence[Side]) -> Turn:
        """Ask every side, each by its own model; models that no side has leave the memory.

        Raises `UserMistake` for nothing to say, too much of it, and while an answer is under way.
        """
        _check(talk, asked)
        self.workers.keep({side.model for side in sides})
        answers = tuple(Answering(side.asked(asked.text), asked.choices) for side in sides)
        for column, (side, answer) in enumerate(zip(sides, answers, strict=True)):
            worker = self.workers.worker(side.model)
            request = {
                "messages": talk.messages(column, answer.asked),
                "choices": asked.choices,
                "manner": dict(asked.manner),
            }
            answer.worker = worker
            answer.number = worker.ask(request, answer.take)
        turn = Turn(asked, tuple(sides), answers)
        talk.turns.append(turn)
        return turn

    def again(self, talk: Talk) -> Asked:
        """Take back the last turn, to ask it again. Raises `UserMistake` where there is none, or it is under way."""
        if not talk.turns:
            raise UserMistake("ask", "nothing was asked yet", "write something first")
        last = talk.turns[-1]
        if not all(answer.ended for answer in last.answers):
            raise UserMistake("ask", "an answer is under way", "wait for it, or stop it")
        return talk.turns.pop().asked

    def stop(self, talk: Talk) -> None:
        """End the answers that are under way, where they are."""
        for answer in talk.turns[-1].answers if talk.turns else ():
            answer.stop()

    def forget(self, id: str) -> None:
        """End what is being said, and the talk."""
        with self._lock:
            talk = self._talks.pop(id, None)
        for turn in talk.turns if talk else ():
            for answer in turn.answers:
                answer.stop()


def _check(talk: Talk, asked: Asked) -> None:
    if not asked.text.strip():
        raise UserMistake("ask", "there is nothing to say", "write something, or take a row of a task")
    if len(asked.text) > MOST_TEXT:
        what = f"is {len(asked.text):,} characters long, over {MOST_TEXT:,}"
        raise UserMistake("ask", what, "no model here reads as much; shorten it")
    if len(talk.turns) >= MOST_TURNS:
        raise UserMistake("ask", f"has {MOST_TURNS} turns already", "clear it")
    if talk.turns and not all(answer.ended for answer in talk.turns[-1].answers):
        raise UserMistake("ask", "an answer is under way", "wait for it, or stop it")
