"""The cache keeps what was stored, whoever is killed and however many write; a replayed evaluation needs no model."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from unseen.ask.backend import ask
from unseen.ask.cache import AnswerCache
from unseen.ask.question import Answer, Choose, Generate, Question
from unseen.ask.replay import ReplayBackend
from unseen.errors import JobFailed, ScoreMistake
from unseen.prompt.example import Example, Segment

FULL = Answer("yes", 0, (-0.25, -1.5), (1, 2), (-3.0, -4.0), margin=1.25, cut=True)


def example(row: int, choices: tuple[str, ...] | None = None) -> Example:
    return Example("toy/task", "asked", "test", row, (Segment("user", f"Row {row}?"),), choices)


def write_some(path: Path, name: str) -> None:
    with AnswerCache(path) as cache:
        for number in range(50):
            cache.store("model", f"{name}/{number}", FULL)


def write_and_die(path: Path) -> None:
    cache = AnswerCache(path)
    for number in range(20):
        cache.store("model", str(number), FULL)
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_answer_comes_back_whole_and_only_for_its_model_and_key(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "deep" / "answers.sqlite") as cache:
        cache.store("model", "key", FULL)
        assert cache.find("model", ["key", "other"]) == {"key": FULL}
        assert cache.find("another", ["key"]) == {}


def test_more_keys_than_one_select_takes(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        keys = [str(number) for number in range(1203)]
        for key in keys:
            cache.store("model", key, replace(FULL, text=key))
        assert {key: answer.text for key, answer in cache.find("model", keys).items()} == {key: key for key in keys}


def test_processes_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    writers = [multiprocessing.get_context("spawn").Process(target=write_some, args=(path, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with AnswerCache(path) as cache:
        assert len(cache.find("model", [f"{name}/{number}" for name in "abc" for number in range(50)])) == 150


def test_a_killed_process_loses_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    writer = multiprocessing.get_context("spawn").Process(target=write_and_die, args=(path,))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    with AnswerCache(path) as cache:
        assert len(cache.find("model", [str(number) for number in range(20)])) == 20


def test_a_file_that_is_no_cache_is_the_users_mistake(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_text("not a database, but long enough that SQLite reads its header" * 20)
    with pytest.raises(ScoreMistake, match="is no answer cache"):
        AnswerCache(path)


def test_replay_answers_by_id_or_in_order() -> None:
    choose, generate = Choose(example(0, ("no", "yes"))), Generate(example(1))
    by_id = ReplayBackend({"toy/task|asked|test/0": "yes", "toy/task|asked|test/1": "words"})
    for backend in (by_id, ReplayBackend(["yes", "words"])):
        chosen, said = ask(backend, [choose, generate])
        assert (chosen.text, chosen.chosen, chosen.log_probs, chosen.margin) == ("yes", 1, (-1.0, 0.0), 1.0)
        assert said == Answer("words")
    with pytest.raises(ScoreMistake, match="hold none"):
        ask(by_id, [Generate(example(2))])
    with pytest.raises(ScoreMistake, match="not among its choices"):
        ask(ReplayBackend(["maybe"]), [choose])


def test_equal_questions_are_asked_once_and_known_ones_never(tmp_path: Path) -> None:
    questions = [Generate(example(row % 3)) for row in range(7)]
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        assert [answer.text for answer in ask(ReplayBackend(["a", "b", "c"]), questions, cache)] == list("abcabca")
        seen: list[tuple[int, int | None]] = []
        ask(ReplayBackend(["a", "b", "c"]), questions, cache, lambda done, total: seen.append((done, total)))
        assert seen == []


def test_a_backend_that_leaves_questions_out_fails_the_job() -> None:
    class Lazy(ReplayBackend):
        def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
            yield 0, Answer("only this")

    with pytest.raises(JobFailed, match="1 questions"):
        ask(Lazy([]), [Generate(example(0)), Generate(example(1))])
