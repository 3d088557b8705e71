"""A backend that answers from a list or a mapping: a whole evaluation runs without a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256

from unseen.ask.question import Answer, Choose, Question
from unseen.ask.ranking import chosen_answer
from unseen.errors import ScoreMistake


class ReplayBackend:
    """Answers known beforehand, by `Example.id` or, from a sequence, in the order in which questions are asked.

    An answer is a text. For `Choose` it must be one of the choices, which then gets probability 1 and the others
    e^-1; an `Answer` is handed back as it is. A question without an answer is a `ScoreMistake`.
    """

    def __init__(self, answers: Mapping[str, str | Answer] | Sequence[str | Answer]) -> None:
        self._by_id = answers if isinstance(answers, Mapping) else None
        self._queue = iter(answers.values() if isinstance(answers, Mapping) else answers)
        known = repr(sorted(answers.items()) if isinstance(answers, Mapping) else list(answers))
        self._digest = "replay-" + sha256(known.encode()).hexdigest()

    @property
    def digest(self) -> str:
        return self._digest

    def key(self, question: Question) -> str:
        return sha256(repr(asdict(question)).encode()).hexdigest()

    def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        for index, question in enumerate(questions):
            yield index, self._answer(question)

    def _answer(self, question: Question) -> Answer:
        name = question.example.id
        found = self._by_id.get(name) if self._by_id is not None else next(self._queue, None)
        if found is None:
            raise ScoreMistake(name, "the replayed answers hold none for it")
        if isinstance(found, Answer) or not isinstance(question, Choose):
            return found if isinstance(found, Answer) else Answer(found)
        choices = question.example.choices or ()
        if found not in choices:
            raise ScoreMistake(name, f"the replayed answer '{found}' is not among its choices")
        picked = choices.index(found)
        log_probs = [0.0 if option == picked else -1.0 for option in range(len(choices))]
        return chosen_answer(question, log_probs, [1] * len(choices), [0.0] * len(choices))
