"""A server that answers chats as a test says, and what is asked of it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from unseen.ask.chat import Drawing, Message, Request
from unseen.ask.chat_openai import OpenAIChat
from unseen.ask.tries import Tries

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
