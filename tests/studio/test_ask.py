"""Talking to models side by side: each in a process of its own, streamed, stopped, killed, with and without a token."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.studio.conftest import Studio
from tests.studio.stand_in_model import MODEL, answers, said, talk_of
from unseen.studio.pages.answers import answers_come
from unseen.studio.talk import Answering, Talks
from unseen.studio.workers import PROGRAM, Worker, Workers


@pytest.fixture
def run(studio: Studio) -> str:
    """A run that gave its model a token, as `unseen tune` leaves it."""
    folder = studio.workspace.runs / "tuned"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "unseen.json").write_text('{"base": {"name": "first", "digest": ""}}')
    recipe = {"model": "first", "tokens": {"<slip>": {"description": "where it is"}}}
    (folder / "record.json").write_text(json.dumps({"recipe": recipe}))
    return "tuned"


def test_an_answer_is_streamed_from_its_beginning_and_its_pieces_are_its_text() -> None:
    answer = Answering("Hello")
    answer.take({"more": "<b>H"})
    events = answers_come(answer)
    assert [next(events), next(events)] == [("part", ""), ("more", "<b>H")]
    answer.take({"more": "i"})
    assert next(events) == ("more", "i")
    answer.take({"end": {"text": "<b>Hi", "tokens": 2, "seconds": 0.5, "broken_off": True}})
    last, over = next(events), next(events)
    assert last.name == "part" and "&lt;b&gt;Hi" in last.data and "broken off" in last.data
    assert over == ("end", "") and [event.name for event in answers_come(answer)] == ["part", "end"]


def test_both_models_are_told_the_same_and_go_on_from_what_they_said(studio: Studio, talks: Talks) -> None:
    page = said(studio, right="second", text="Hello")
    first, second = answers(studio, page)
    assert first.startswith("first of 1, 0: <b>Hello</b>") and second.startswith("second of 1")
    again = said(studio, right="second", text="And?", talk=talk_of(page))
    assert [each.split(",")[0] for each in answers(studio, again)] == ["first of 3", "second of 3"]
    assert "first of 1" in again  # what was said before stays on the page


def test_a_run_has_its_base_its_tuned_model_and_a_column_with_the_token(studio: Studio, talks: Talks, run: str) -> None:
    page = said(studio, left="", run=run, token="<slip>", where="before", text="Hello")
    base, tuned, with_token = answers(studio, page)
    assert base.startswith("first of 1, 0: <b>Hello</b>")
    assert str(studio.workspace.runs / run) in tuned and "<b>Hello</b>" in tuned
    assert str(studio.workspace.runs / run) in with_token and "<b><slip> Hello</b>" in with_token
    assert "also with &lt;slip&gt;" in page and "where it is" in page


def test_choices_are_shown_with_their_probabilities_and_the_likeliest_is_marked(studio: Studio, talks: Talks) -> None:
    (stream,) = answers(studio, said(studio, text="Yes?", choices="yes\nno\n"))
    assert re.search(r"yes\s+◂ chosen", stream) and "✓" not in stream
    assert "88.1%" in stream and "11.9%" in stream and "-3.00" in stream


def test_an_answer_is_stopped_where_it_is_and_the_next_one_comes(studio: Studio, talks: Talks) -> None:
    page = said(studio, text="endless")
    talk = talk_of(page)
    assert "under way" in said(studio, text="more", talk=talk)
    studio.ask("/ask", {"left": "first", "do": "stop", "talk": talk})
    (stream,) = answers(studio, page)
    assert stream.startswith("and on") and "stopped" in stream
    assert "first of 3" in answers(studio, said(studio, text="And?", talk=talk))[0]


def test_again_draws_anew_and_clear_forgets(studio: Studio, talks: Talks) -> None:
    drawn = {"temperature": "0.7", "seed": "4"}
    page = said(studio, text="Hello", **drawn)
    assert "of 1, 4:" in answers(studio, page)[0]
    again = said(studio, do="again", talk=talk_of(page), **drawn)
    assert "of 1, 5:" in answers(studio, again)[0]
    cleared = said(studio, do="clear", talk=talk_of(page))
    assert "Nothing was asked yet" in cleared and talk_of(cleared) != talk_of(page)


def test_a_killed_model_is_told_and_loaded_anew_when_it_is_asked(studio: Studio, talks: Talks) -> None:
    page = said(studio, text="die")
    assert "was killed (SIGKILL)" in answers(studio, page)[0]
    assert "first of 1" in answers(studio, said(studio, text="Hello", talk=talk_of(page)))[0]


def test_a_model_that_is_not_there_and_a_question_that_is_too_long_are_told_in_a_line(
    studio: Studio, talks: Talks
) -> None:
    assert "nowhere: no such model" in answers(studio, said(studio, left="nowhere", text="Hello"))[0]
    assert "it is too long" in answers(studio, said(studio, text="too long"))[0]


@pytest.mark.parametrize(
    "form, told",
    [
        ({"text": " "}, "nothing to say"),
        ({"text": "x" * 100_001}, "100,001 characters"),
        ({"temperature": "hot"}, "&#x27;hot&#x27; is no number"),
        ({"temperature": "nan"}, "cannot be"),
        ({"top_p": "0"}, "top_p"),
        ({"max_new_tokens": "1000000"}, "up to 4096"),
        ({"seed": "-1"}, "seed"),
        ({"format": "xml"}, "no format"),
        ({"choices": "one"}, "2 to 200"),
        ({"left": ""}, "no model is chosen") ,
        ({"run": "../../etc"}, "is no run with a model"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_and_what_was_typed_stays(
    studio: Studio, talks: Talks, form: Mapping[str, str], told: str
) -> None:
    page = said(studio, **{"text": "my long question", **({"right": " "} if form.get("left") == "" else {}), **form})
    assert told in page and form.get("text", "my long question")[:99] in page and "data-stream" not in page


def test_models_that_no_column_has_leave_the_memory(studio: Studio, talks: Talks) -> None:
    answers(studio, said(studio, text="Hello"))
    assert talks.workers.state("first") == "ready"
    under_way = said(studio, text="endless")
    answers(studio, said(studio, left="second", text="Hello"))
    assert "other models are talked to now" in answers(studio, under_way)[0]
    assert (talks.workers.state("first"), talks.workers.state("second")) == ("gone", "ready")


def test_a_model_that_is_not_asked_for_a_while_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    worker = Workers((sys.executable, str(tmp_path / "model.py")), idle=0.2).worker("first")
    assert worker.process.wait(30) == -signal.SIGKILL


@pytest.mark.parametrize("path", ["none/0/0", "none/-1/0", "none/x/y"])
def test_a_stream_of_a_talk_that_is_over_is_told(studio: Studio, path: str) -> None:
    assert studio.ask(f"/ask/stream/{path}").status == 422


def test_the_web_server_never_loads_torch() -> None:
    code = (
        "import sys\nfrom unseen.studio.app import studio_app\nfrom unseen.studio.guard import Door\n"
        "from unseen.studio.workspace import Workspace\nfrom unseen.studio.pages import ask, start\n"
        "studio_app(Workspace(), Door('t', frozenset({'h:1'})))\n"
        "ask.ask(Workspace(('shipped',)), {'left': 'smollm2-135m-instruct'})\n"
        "start.start(Workspace(('shipped',)), {})\n"
        "print(sorted({'torch', 'transformers', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_a_real_model_answers_in_its_process_and_ends_with_the_studio(home: Path) -> None:
    """A tiny random Llama, asked twice; closing its stdin is what the end of a studio does."""
    worker = Workers(PROGRAM).worker("tiny-random-llama")
    manner = {"format": "plain", "system": None, "temperature": 0.0, "top_p": 1.0, "max_new_tokens": 4, "seed": 0}
    words, again = taken(worker, manner, ()), taken(worker, manner, ("yes", "no"))
    assert worker.standing is not None and worker.standing.words == "loading"
    assert "".join(each.get("more", "") for each in words) == words[-1]["end"]["text"]
    assert words[-1]["end"]["tokens"] == 4 and len(again[-1]["end"]["log_probs"]) == 2
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(60) == 0


def taken(worker: Worker, manner: Mapping[str, Any], choices: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Everything that is said about one request."""
    said: list[Mapping[str, Any]] = []
    over = Event()

    def take(line: Mapping[str, Any]) -> None:
        said.append(line)
        if "more" not in line:
            over.set()

    worker.ask({"messages": [["user", "Say yes. "]], "choices": choices, "manner": manner}, take)
    assert over.wait(300)
    return said
