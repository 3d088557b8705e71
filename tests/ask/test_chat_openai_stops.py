"""A chat server that goes down amid a job, or a job that is stopped itself: what came is kept, and asked for once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chat_server import Server, chat, completion, request

from unseen import diversify
from unseen.ask.chat import Said
from unseen.errors import JobFailed

pytest.importorskip("openai")


def test_a_generation_over_a_bad_server_keeps_what_came_and_goes_on_with_what_did_not(
    server: Server, tmp_path: Path
) -> None:
    """Garbage and a busy server are tried again; the server goes down behind eight answers and comes back."""
    questions = [f"How does a {number} wheeled cart turn?" for number in range(12)]
    (tmp_path / "asked.txt").write_text("\n".join(questions))
    wanted = diversify.Wanted(12, diversify.FromFile(diversify.read_given(tmp_path / "asked.txt")))
    bad = {questions[3]: (200, "{not json"), questions[5]: (503, "busy")}

    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        asked = body["messages"][-1]["content"]
        if len(server.times) > 8:
            return 0, ""
        return bad[asked] if asked in bad and not times else (200, completion("Slowly, and to the left."))

    server.reply = reply
    with pytest.raises(JobFailed, match="does not answer"):
        diversify.questions(wanted, chat(server, at_once=1), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "record.json").read_text())["finished"] is False
    server.reply = lambda body, times: (200, completion("Slowly, and to the left."))
    made = diversify.questions(wanted, chat(server, at_once=1), tmp_path / "out")
    assert made.record["pairs"] == 12 and made.done.new == 4
    assert [server.times[each] for each in questions] == [1, 1, 1, 2, 1, 2, 1, 1, 3 + 1, 1, 1, 1]


ASK = """
import sys
from pathlib import Path
from unseen import diversify
folder, url = Path(sys.argv[1]), sys.argv[2]
backend = diversify.chat_backend("openai", "a-model", diversify.Place(url, at_once=4))
wanted = diversify.Wanted(16, diversify.FromFile(diversify.read_given(folder / "asked.txt")))
diversify.questions(wanted, backend, folder / "out")
"""


# What runs in the background of a shell ignores Ctrl-C, and so do its children.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def stored(folder: Path) -> set[int]:
    """The numbers of the questions whose answers are kept."""
    with closing(sqlite3.connect(folder / "out" / "said.sqlite")) as database:
        return {int(id.partition("/")[2]) for (id,) in database.execute("SELECT id FROM said")}


def test_a_kill_amid_several_requests_loses_no_answer_that_came_and_asks_for_none_again(
    server: Server, tmp_path: Path
) -> None:
    """The server answers so many and lets four wait: all that it said is stored by then, and the process is killed."""
    questions = [f"How does a {number} wheeled cart turn?" for number in range(16)]
    (tmp_path / "asked.txt").write_text("\n".join(questions))
    command = [sys.executable, "-c", ASK, str(tmp_path), server.url]
    answered: list[str] = []
    for most in (3, 9):
        killed = threading.Event()

        def reply(body: dict[str, Any], times: int, most: int = most, killed: threading.Event = killed) -> Any:
            with server.lock:
                lets = len(answered) < most
                answered.extend([body["messages"][-1]["content"]] if lets else [])
            if not lets:
                killed.wait(60)
            return 200, completion("Slowly, and to the left.")

        server.reply, come = reply, len(server.asked) + most - len(answered) + 4
        process = subprocess.Popen(command)
        while len(server.asked) < come and process.poll() is None:
            os.sched_yield()
        process.kill()
        process.wait()
        killed.set()
        assert stored(tmp_path) == {questions.index(each) for each in answered} and len(answered) == most
    server.reply = lambda body, times: (200, completion("Slowly, and to the left."))
    assert subprocess.run(command).returncode == 0
    assert json.loads((tmp_path / "out" / "record.json").read_text())["pairs"] == 16
    assert sum(server.times.values()) == 16 + 2 * 4, "what was under way at each kill is asked again, and nothing else"


def test_ctrl_c_waits_for_the_answers_that_are_under_way_and_keeps_them(server: Server, tmp_path: Path) -> None:
    (tmp_path / "asked.txt").write_text("\n".join(f"How does a {number} wheeled cart turn?" for number in range(16)))
    told, answered = threading.Event(), list[str]()

    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        with server.lock:
            lets = len(answered) < 3
            answered.extend([body["messages"][-1]["content"]] if lets else [])
        if not lets:
            told.wait(60)
        return 200, completion("Slowly, and to the left.")

    server.reply = reply
    command = [sys.executable, "-c", HEARD + ASK, str(tmp_path), server.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while len(server.asked) < 3 + 4 and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        assert any("stopping when the" in line for line in process.stderr)
        told.set()
    assert process.returncode == -signal.SIGINT
    assert len(stored(tmp_path)) == len(server.asked) < 16


def test_an_interrupt_hands_out_what_is_being_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that was sent is paid for; nothing more is sent. The second interrupt does not wait."""
    from unseen.ask import chat_openai

    waits, sent, real = iter([KeyboardInterrupt]), 4, chat_openai.wait

    def interrupted(*arguments: Any, **named: Any) -> Any:
        if error := next(waits, None):
            while len(server.asked) < sent:
                os.sched_yield()
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(chat_openai, "wait", interrupted)
    arrived = []
    with pytest.raises(KeyboardInterrupt):
        arrived.extend(chat(server, at_once=4).say([request(number) for number in range(50)]))
    assert len(arrived) == len(server.asked) == 4 and all(isinstance(outcome, Said) for _, outcome in arrived)
    assert "the 4 requests that are being answered" in capsys.readouterr().err
    waits, sent = iter([KeyboardInterrupt, KeyboardInterrupt]), 8
    with pytest.raises(KeyboardInterrupt):
        arrived.extend(chat(server, at_once=4).say([request(number) for number in range(50)]))
    assert len(arrived) == 4
