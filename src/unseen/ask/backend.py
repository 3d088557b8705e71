"""What answers questions, and `ask`, which asks a backend whatever the cache does not know yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from unseen.ask.cache import AnswerCache
from unseen.ask.question import Answer, Question
from unseen.errors import JobFailed

Advance = Callable[[int, int | None], None]


class Backend(Protocol):
    """A model that answers questions.

    `digest` names the model by content (weights and adapter, dtype); `key` names a question by what the model is
    really given (token ids, settings). Equal digest and key mean an equal answer, on which the cache stands.
    """

    @property
    def digest(self) -> str: ...

    def key(self, question: Question) -> str: ...

    def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Index of a question and its answer, in whatever order is fastest; each question once."""
        ...


def ask(
    backend: Backend,
    questions: Sequence[Question],
    cache: AnswerCache | None = None,
    progress: Advance = lambda done, total: None,
) -> list[Answer]:
    """Answers in the order of the questions.

    With a cache, known questions are not asked again, equal questions are asked once, and every answer is stored the
    moment it arrives, so that a killed run loses none.
    """
    if cache is None:
        return _asked(backend, questions, progress)
    digest = backend.digest
    keys = [backend.key(question) for question in questions]
    known = {key: replace(answer, cached=True) for key, answer in cache.find(digest, keys).items()}
    waiting = {key: question for key, question in zip(keys, questions, strict=True) if key not in known}
    names, before = list(waiting), len(known)
    for index, answer in backend.answer(list(waiting.values())):
        cache.store(digest, names[index], answer)
        known[names[index]] = answer
        progress(len(known), before + len(waiting))
    _check_all(names, known)
    return [known[key] for key in keys]


def _asked(backend: Backend, questions: Sequence[Question], progress: Advance) -> list[Answer]:
    answers: dict[int, Answer] = {}
    for index, answer in backend.answer(questions):
        answers[index] = answer
        progress(len(answers), len(questions))
    _check_all(range(len(questions)), answers)
    return [answers[index] for index in range(len(questions))]


def _check_all(wanted: Iterable[Any], answers: Mapping[Any, Answer]) -> None:
    missing = sum(1 for each in wanted if each not in answers)
    if missing:
        raise JobFailed(f"the backend left {missing} questions without an answer")
