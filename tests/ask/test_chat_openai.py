"""A server that is slow, down, or answers garbage is tried again, then told, with everything that came handed out."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from chat_server import Server, chat, completion, request

from unseen.ask.chat import Drawing, Request, Said, Unsaid
from unseen.ask.chat_openai import IN_A_ROW, OpenAIChat
from unseen.ask.tries import Tries, TryAgain
from unseen.errors import JobFailed, ModelMistake

pytest.importorskip("openai")


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
