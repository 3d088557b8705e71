"""A server that is slow, down, or answers garbage is tried again, then told, with everything that came handed out."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from unseen import diversify
from unseen.ask.chat import Drawing, Message, Request, Said, Unsaid
from unseen.ask.chat_openai import IN_A_ROW, OpenAIChat
from unseen.ask.tries import Tries, TryAgain
from unseen.errors import JobFailed, ModelMistake

pytest.importorskip("openai")

Reply = Callable[[dict[str, Any], int], tuple[int, str]]


def completion(text: Any, reason: Any = "stop") -> str:
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
    return json.dumps(
        {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    )


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client had gone: it waits for no slow answer."""


class Server:
    """Answers by `reply(body, how often this question came before)`; notes what it was sent."""

    def __init__(self) -> None:
        self.reply: Reply = lambda body, times: (200, completion("Yes."))
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.times = Counter[str]()
        self.lock, self.running, self.most = threading.Lock(), 0, 0
        self.retry_after = "7"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.post(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        asked = body["messages"][-1]["content"]
        with self.lock:
            self.asked.append(body)
            self.keys.add(handler.headers.get("authorization"))
            times, self.times[asked] = self.times[asked], self.times[asked] + 1
            self.running += 1
            self.most = max(self.most, self.running)
        status, text = self.reply(body, times)
        with self.lock:
            self.running -= 1
        if status == 0:
            return  # hangs up
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(text.encode())))
        if status == 429:
            handler.send_header("retry-after", self.retry_after)
        handler.end_headers()
        handler.wfile.write(text.encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def chat(server: Server, waits: list[float] | None = None, **settings: Any) -> OpenAIChat:
    tries = Tries(most=3, first=1.0, wait=([] if waits is None else waits).append)
    return OpenAIChat("a-model", server.url, **{"at_once": 3, "timeout": 5.0, "tries": tries, **settings})


def request(number: int, drawing: Drawing = Drawing(0.7, 0.95, 32)) -> Request:  # noqa: B008
    return Request(
        f"answer/{number}",
        (Message("system", "Be brief."), Message("user", f"Question {number}")),
        drawing,
        2**40 + number,
    )


def test_a_request_says_what_is_asked_and_how_it_is_drawn(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    server.reply = lambda body, times: (200, completion("Well", "length"))
    drawing = Drawing(0.5, 0.9, 16, ("\n",))
    assert dict(chat(server).say([request(1, drawing)])) == {"answer/1": Said("Well", False, 3)}
    [body] = server.asked
    assert body == {
        "model": "a-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Question 1"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 16,
        "seed": (2**40 + 1) % 2**31,
        "stop": ["\n"],
    }
    assert server.keys == {"Bearer secret"}


def test_several_requests_run_at_a_time_and_each_is_asked_once(server: Server) -> None:
    together = threading.Barrier(3, timeout=10)

    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        together.wait()
        return 200, completion(body["messages"][-1]["content"].upper())

    server.reply = reply
    found = dict(chat(server).say([request(number) for number in range(9)]))
    assert found == {f"answer/{n}": Said(f"QUESTION {n}", True, 3) for n in range(9)}
    assert server.most == 3 and set(server.times.values()) == {1}


GARBAGE = {
    "empty": (200, completion("")),
    "null": (200, completion(None)),
    "not text": (200, completion(["a", 1])),
    "cut JSON": (200, completion("Yes.")[:60]),
    "no choices": (200, '{"choices": []}'),
    "another shape": (200, '["what"]'),
    "an error": (500, '{"error": {"message": "out of memory"}}'),
    "too many requests": (429, '{"error": {"message": "slow down"}}'),
    "hangs up": (0, ""),
    "filtered": (200, completion("Yes", "content_filter")),
    "reasons": (200, completion("Yes", ["stop"])),
    "choices by name": (200, '{"choices": {"first": "Yes."}}'),
    "half a character": (200, completion("Yes \ud83d")),
    "without end": (200, "[" * 100_000),
    "timed out": (408, '{"error": {"message": "request timeout"}}'),
    "too early": (425, '{"error": {"message": "too early"}}'),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_tried_again_with_growing_waits(server: Server, kind: str) -> None:
    server.reply = lambda body, times: GARBAGE[kind] if times < 2 else (200, completion("Yes."))
    waits: list[float] = []
    assert dict(chat(server, waits).say([request(1)])) == {"answer/1": Said("Yes.", True, 3)}
    first, second = waits
    if kind == "too many requests":
        assert waits == [7.0, 7.0], "the server says how long"
    else:
        assert 0.75 <= first <= 1.25 and 1.5 <= second <= 2.5


@pytest.mark.parametrize("kind", [kind for kind in GARBAGE if kind != "hangs up"])
def test_what_stays_garbage_is_told_and_the_others_come(server: Server, kind: str) -> None:
    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        return GARBAGE[kind] if body["messages"][-1]["content"] == "Question 2" else (200, completion("Yes."))

    server.reply = reply
    found = dict(chat(server).say([request(number) for number in range(5)]))
    assert isinstance(found["answer/2"], Unsaid) and found["answer/2"].why and "\n" not in found["answer/2"].why
    assert sum(isinstance(each, Said) for each in found.values()) == 4
    assert server.times["Question 2"] == 3 and server.times["Question 1"] == 1


@pytest.mark.parametrize("asked", ["-3", "0", "soon", "nan"])
def test_a_wait_that_nobody_can_keep_is_left_to_us(server: Server, asked: str) -> None:
    server.retry_after = asked
    server.reply = lambda body, times: GARBAGE["too many requests"] if times < 2 else (200, completion("Yes."))
    waits: list[float] = []
    assert dict(chat(server, waits).say([request(1)])) == {"answer/1": Said("Yes.", True, 3)}
    assert 0.75 <= waits[0] <= 1.25 and 1.5 <= waits[1] <= 2.5


def test_a_slow_server_is_tried_again_and_then_told(server: Server) -> None:
    free = threading.Event()

    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        if body["messages"][-1]["content"] == "Question 1":
            free.wait(10)
        return 200, completion("Yes.")

    server.reply = reply
    found = dict(chat(server, timeout=0.3).say([request(0), request(1)]))
    free.set()
    assert found == {"answer/0": Said("Yes.", True, 3), "answer/1": Unsaid("the server took too long")}


def test_a_server_that_goes_down_fails_the_job_after_what_came_was_handed_out(server: Server) -> None:
    server.reply = lambda body, times: (200, completion("Yes.")) if len(server.asked) <= 4 else (0, "")
    arrived = []
    with pytest.raises(JobFailed, match=r"127\.0\.0\.1:\d+/v1/ does not answer"):
        arrived.extend(chat(server, at_once=1).say([request(number) for number in range(50)]))
    assert [id for id, _ in arrived] == [f"answer/{n}" for n in range(4)]
    assert len(server.asked) == 4 + 3, "nobody is asked once the server is known to be down"


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
        with sqlite3.connect(tmp_path / "out" / "said.sqlite") as database:
            stored = {questions[int(id.partition("/")[2])] for (id,) in database.execute("SELECT id FROM said")}
        database.close()
        assert stored == set(answered) and len(answered) == most
    server.reply = lambda body, times: (200, completion("Slowly, and to the left."))
    assert subprocess.run(command).returncode == 0
    assert json.loads((tmp_path / "out" / "record.json").read_text())["pairs"] == 16
    assert sum(server.times.values()) == 16 + 2 * 4, "what was under way at each kill is asked again, and nothing else"


def test_nothing_but_garbage_ends_it(server: Server) -> None:
    server.reply = lambda body, times: (200, completion(""))
    arrived = []
    with pytest.raises(JobFailed, match=rf"gave no text {IN_A_ROW} times in a row \(the answer is empty\)"):
        arrived.extend(chat(server).say([request(number) for number in range(60)]))
    assert IN_A_ROW <= len(arrived) < IN_A_ROW + 3


def test_garbage_in_a_row_is_counted_over_small_calls_too(server: Server) -> None:
    server.reply = lambda body, times: (200, completion(""))
    asked = chat(server, at_once=1)
    for _ in range(IN_A_ROW // 4 - 1):
        assert len(list(asked.say([request(number) for number in range(4)]))) == 4
    with pytest.raises(JobFailed, match=f"gave no text {IN_A_ROW} times in a row"):
        list(asked.say([request(number) for number in range(4)]))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_or_an_unknown_model_is_the_users_mistake(server: Server, status: int) -> None:
    server.reply = lambda body, times: (status, '{"error": {"message": "no such thing"}}')
    with pytest.raises(ModelMistake, match=r"no such thing.*check the model's name, the address and OPENAI_API_KEY"):
        list(chat(server).say([request(1)]))
    assert server.times["Question 1"] == 1


def test_a_request_that_cannot_be_is_not_tried_again(server: Server) -> None:
    server.reply = lambda body, times: (400, '{"error": {"message": "the prompt is too long"}}')
    [(_, outcome)] = chat(server).say([request(1)])
    assert isinstance(outcome, Unsaid) and "too long" in outcome.why and server.times["Question 1"] == 1


def test_requests_that_are_refused_stand_in_nobodys_way(server: Server) -> None:
    """More of them in a row than the texts that may fail to come: the server is there, and told why."""

    def reply(body: dict[str, Any], times: int) -> tuple[int, str]:
        number = int(body["messages"][-1]["content"].split()[1])
        if 1 <= number <= 2 * IN_A_ROW:
            return 400, '{"error": {"message": "the prompt is too long"}}'
        return 200, completion("Yes.")

    server.reply = reply
    found = dict(chat(server, at_once=1).say([request(number) for number in range(2 * IN_A_ROW + 4)]))
    assert sum(isinstance(each, Said) for each in found.values()) == 4


@pytest.mark.parametrize("same", [True, False])
def test_a_server_that_refuses_everything_in_the_same_words_ends_it(server: Server, same: bool) -> None:
    """As it does where it does not know a parameter. In other words each time, it speaks of the requests."""
    server.reply = lambda body, times: (
        400,
        json.dumps({"error": {"message": f"no {0 if same else body['messages']}"}}),
    )
    arrived = []
    asked = chat(server, at_once=1).say([request(number) for number in range(3 * IN_A_ROW)])
    if same:
        with pytest.raises(JobFailed, match=f"no text {IN_A_ROW} times"):
            arrived.extend(asked)
        assert len(arrived) == IN_A_ROW + 1
    else:
        assert len(list(asked)) == 3 * IN_A_ROW


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


def test_a_server_opens_no_user_turn(server: Server) -> None:
    with pytest.raises(ModelMistake, match="opens no user turn"):
        list(chat(server).say([Request("question/0", (), Drawing(0.7, 0.95, 8))]))


def test_a_server_of_others_wants_a_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ModelMistake, match="OPENAI_API_KEY is not set; set it"):
        OpenAIChat("a-model")


def test_the_last_try_tells_why() -> None:
    def attempt() -> None:
        raise TryAgain("no")

    waits: list[float] = []
    with pytest.raises(TryAgain, match="no"):
        Tries(most=4, first=40.0, wait=waits.append).of(attempt)
    assert len(waits) == 3 and max(waits) <= 60
