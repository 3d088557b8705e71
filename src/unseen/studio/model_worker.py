"""A process that holds one model for the studio: `python -m unseen.studio.model_worker MODEL`.

It reads requests from stdin and writes what becomes of them to stdout, a JSON object a line, and ends when stdin does:
when the studio ends, however it ends. Requests are answered one after the other; a stop is heard at once.

    in    {"id": 1, "messages": [["user", "Hello"]], "choices": [], "manner": {...}}    {"stop": 1}
    out   {"at": {...}}   {"ready": {...}}
          {"id": 1, "more": "Hel"}   {"id": 1, "end": {...}}   {"id": 1, "wrong": "..."}
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from time import perf_counter
from typing import IO, TYPE_CHECKING, Any

from unseen.errors import UnseenError, UserMistake, one_line
from unseen.phases import told_now_and_then

if TYPE_CHECKING:
    from unseen.ask.chat import Message
    from unseen.ask.talker import Manner, Talker


@dataclass(slots=True)
class Inbox:
    """Requests in their order, and the ids of those that are to stop."""

    requests: Queue[dict[str, Any]] = field(default_factory=Queue)
    stopped: set[int] = field(default_factory=set)

    def listen(self, lines: IO[str]) -> None:
        """Read until the studio is gone, and then end this process at once, whatever it does."""
        for line in lines:
            said = json.loads(line)
            if "stop" in said:
                self.stopped.add(said["stop"])
            else:
                self.requests.put(said)
        os._exit(0)


def work(name: str, lines: IO[str], out: IO[str]) -> None:
    """Load the model `name`, telling how far that is, then answer. A model that cannot be had is told, and the process
    ends."""

    def tell(**said: Any) -> None:
        out.write(json.dumps(said) + "\n")
        out.flush()

    from unseen.ask.talker import Talker, load_to_talk

    inbox = Inbox()
    Thread(target=inbox.listen, args=(lines,), daemon=True).start()
    try:
        talker = Talker(load_to_talk(name, told_now_and_then(lambda standing: tell(at=standing.as_json()))))
    except UnseenError as error:
        return tell(wrong=_line(error))
    tell(ready={"chat": talker.model.tokenizer.chat_template is not None, "context": talker.model.context})
    while True:
        _answer(talker, inbox, inbox.requests.get(), tell)


def _answer(talker: Talker, inbox: Inbox, request: Mapping[str, Any], tell: Callable[..., None]) -> None:
    number, began = request["id"], perf_counter()
    try:
        messages, manner = _asked(request)
        if request["choices"]:
            found = talker.rank(messages, request["choices"], manner)
            ranked = {"log_probs": found.log_probs, "lengths": found.lengths, "chosen": found.chosen, "cut": found.cut}
            return tell(id=number, end={**ranked, "seconds": perf_counter() - began})
        text = ""
        for piece in talker.reply(messages, manner):
            if not isinstance(piece, str):
                facts = {
                    "text": piece.text,
                    "tokens": piece.lengths[0],
                    "cut": piece.cut,
                    "broken_off": piece.broken_off,
                }
                return tell(id=number, end={**facts, "seconds": perf_counter() - began})
            text += piece
            tell(id=number, more=piece)
            if number in inbox.stopped:
                return tell(id=number, end={"text": text, "stopped": True, "seconds": perf_counter() - began})
    except UnseenError as error:
        return tell(id=number, wrong=_line(error))
    except Exception as error:  # a fault of ours, or memory that ran out: the process goes on with the next request
        return tell(id=number, wrong=one_line(f"{type(error).__name__}: {error}"))


def _asked(request: Mapping[str, Any]) -> tuple[list[Message], Manner]:
    from unseen.ask.chat import Drawing, Message
    from unseen.ask.talker import Manner

    said = request["manner"]
    drawing = Drawing(said["temperature"], said["top_p"], said["max_new_tokens"])
    messages = [Message(role, text) for role, text in request["messages"]]
    return messages, Manner(said["format"], said["system"], drawing, said["seed"])


def _line(error: UnseenError) -> str:
    return error.lines[0] if isinstance(error, UserMistake) else one_line(str(error))


def main() -> None:
    """Whatever libraries print goes to stderr: stdout is for our lines alone."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        work(sys.argv[1], sys.stdin, out)
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    main()
