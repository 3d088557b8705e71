"""Which questions and answers are kept: every rule counts what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from unseen.ask.chat import Said
from unseen.diversify.drops import Fault
from unseen.diversify.duplicates import NEAR, Known
from unseen.diversify.overlap import TaskTexts
from unseen.diversify.text_faults import (
    Check,
    Limits,
    broken_off,
    echo,
    faults,
    language,
    length,
    loop,
    mention,
    refusal,
)

CutAnswers = Literal["dropped", "kept"]
QUESTION_WORDS, ANSWER_WORDS = Limits(2, 300), Limits(1, 1000)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a kept text must be. `without`: texts that no question or answer may mention, such as a new token.
    `language`: the code that texts must not visibly differ from; any where absent. `cut_answers`: what becomes of
    answers that were broken off at max_new_tokens (the DELIA authors' script keeps them)."""

    question_words: Limits = QUESTION_WORDS
    answer_words: Limits = ANSWER_WORDS
    near: float = NEAR
    language: str | None = None
    without: tuple[str, ...] = ()
    cut_answers: CutAnswers = "dropped"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "without": list(self.without)}

    def question_checks(self) -> list[Check]:
        return [length(self.question_words), broken_off, loop, *self._either()]

    def answer_checks(self) -> list[Check]:
        whole = [broken_off] if self.cut_answers == "dropped" else []
        return [length(self.answer_words), *whole, refusal, loop, *self._either()]

    def _either(self) -> list[Check]:
        checks = [] if self.language is None else [language(self.language)]
        return [*checks, *([mention(self.without)] if self.without else [])]


class Judge:
    """Judges questions, then answers, in the order of their numbers; what was kept is known to later ones."""

    def __init__(self, keeping: Keeping, against: TaskTexts | None = None) -> None:
        self._questions, self._answers = keeping.question_checks(), keeping.answer_checks()
        self._known, self._against = Known(keeping.near), against

    def questions(self, said: Sequence[Said]) -> list[Fault | None]:
        """For each question the first thing that is wrong with it; duplicates are told among those that are sound."""
        found = self._sound(said, self._questions)
        sound = [place for place, fault in enumerate(found) if fault is None]
        for place, fault in zip(sound, self._known.judge([said[place].text for place in sound]), strict=True):
            found[place] = fault
        return found

    def answers(self, questions: Sequence[str], said: Sequence[Said]) -> list[Fault | None]:
        """The same for the answers to `questions`."""
        found = self._sound(said, self._answers)
        asked = zip(questions, said, found, strict=True)
        return [fault or echo(question, answer.text) for question, answer, fault in asked]

    def _sound(self, said: Sequence[Said], checks: Sequence[Check]) -> list[Fault | None]:
        found = [next(faults(each, checks), None) for each in said]
        if self._against is not None:
            sound = [place for place, fault in enumerate(found) if fault is None]
            for place, met in zip(sound, self._against.met([said[place].text for place in sound]), strict=True):
                found[place] = None if met is None else met.fault
        return found
