"""`unseen chat`: lines from a pipe, answered turn by turn, by one model or two."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.cli import run


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[..., int]:
    """Runs the command on lines that come through a pipe."""

    def talk(lines: str, *options: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        return run(["chat", "tiny-random-llama", "--format", "plain", "--max-new-tokens", "3", *options])

    return talk


def test_each_line_is_answered_and_exit_leaves(piped: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert piped("Hello\n\nHello\n/clear\nHello\n/exit\nnever\n") == 0
    answers = capsys.readouterr().out.split(" …\n")
    assert len(answers) == 4 and answers[3] == ""
    assert answers[0] == answers[2]  # /clear forgets what was said


def test_another_model_answers_the_same_lines(piped: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert piped("Hello\n", "--against", "tiny-random-llama") == 0
    said = capsys.readouterr().out
    first, second = said.split("── tiny-random-llama\n")[1:]
    assert first == second


def test_drawn_words_are_those_of_the_seed(piped: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        assert piped("Hello\n", "--temperature", "5", "--seed", seed, "--max-new-tokens", "12") == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_a_line_that_is_too_long_is_told_and_the_next_is_answered(
    piped: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert piped("Hello\n") == 0  # the model is made now, which says something itself
    once = capsys.readouterr().out
    assert piped("long and " * 9000 + "\nHello\n") == 0
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1 and said.err.startswith("unseen: ") and said.out == once


@pytest.mark.parametrize("options, word", [(["--format", "xml"], "auto, chat, plain"), (["--top-p", "0"], "top_p")])
def test_what_cannot_be_is_told_before_a_model_is_loaded(
    piped: Callable[..., int], capsys: pytest.CaptureFixture[str], options: list[str], word: str
) -> None:
    assert piped("Hello\n", *options) == 2
    said = capsys.readouterr()
    assert word in said.err and said.out == ""


def test_a_command_that_is_interrupted_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    class Hung(io.StringIO):
        def readline(self, *_: object) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Hung())
    assert run(["chat", "tiny-random-llama", "--format", "plain"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "unseen: interrupted; the same command again goes on"
