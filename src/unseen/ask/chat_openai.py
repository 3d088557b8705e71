"""The chat backend of any OpenAI-compatible server, through the `openai` package (`pip install unseen[openai]`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event
from typing import Any

from unseen.ask.chat import Request, Said, Unsaid
from unseen.ask.tries import Tries, TryAgain
from unseen.errors import JobFailed, MissingExtra, ModelMistake, one_line
from unseen.progress import say

KEY = "OPENAI_API_KEY"
NO_KEY = "none"  # servers of one's own ask for none, and the package insists on one
ENDS = {"stop": True, "length": False}
SEEDS = 2**31  # servers differ in how large a seed they take
LATER = (408, 425)  # statuses beside 409, 429 and 5xx that ask for another try: timed out, too early
IN_A_ROW = 16  # requests that come to nothing one after the other: the server is down or answers garbage


class Refused(Unsaid):
    """The server says that this request cannot be: it is too long, say. It is there, and answers."""


class OpenAIChat:
    """Asks `model` of the server at `base_url` (the package's default where absent), `at_once` requests at a time.

    The key is that of the environment variable OPENAI_API_KEY. A request that is met by `timeout` seconds of silence,
    is refused for the moment, or is answered with anything but a text is tried again; what stays without an answer is
    `Unsaid`. A server that is not there, refuses the key, or gives no text `IN_A_ROW` times, ends it all: `JobFailed`
    or `ModelMistake`. So does one that refuses so many requests in the same words before it answered any; else a
    refusal is of its request alone. An interrupt waits for what is being answered, which is paid for, and hands it out.
    """

    pinned = False

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        at_once: int = 8,
        timeout: float = 120.0,
        tries: Tries | None = None,
    ) -> None:
        try:
            from openai import OpenAI
        except ImportError:
            raise MissingExtra("openai", "asking an OpenAI-compatible server") from None
        key = os.environ.get(KEY) or (NO_KEY if base_url or os.environ.get("OPENAI_BASE_URL") else None)
        if key is None:
            raise ModelMistake(model, f"is asked of a server that wants a key, and {KEY} is not set", "set it")
        self.name = model
        self._client = OpenAI(api_key=key, base_url=base_url, timeout=timeout, max_retries=0)
        self._stopping = Event()
        self._at_once, self._tries = at_once, tries or Tries(wait=self._stopping.wait)
        self._in_a_row = 0  # requests without a text, whatever call of `say` they belong to
        self._answered, self._refusal = False, ""  # whether any text came; how the last refusal was put

    @property
    def digest(self) -> str:
        return f"{self._client.base_url} {self.name}"

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        """See `ChatBackend`. Raises `ModelMistake` where a user's turn is to be opened: servers open none."""
        if any(each.speaker == "user" for each in requests):
            what = "is asked through a server, which opens no user turn"
            raise ModelMistake(
                self.name, what, "write questions from seeds or a file, or ask the model with hf or vllm"
            )
        remaining = iter(requests)
        running: dict[Future[Said | Unsaid], str] = {}
        failure: BaseException | None = None
        with ThreadPoolExecutor(self._at_once) as threads:
            while True:
                while failure is None and len(running) < self._at_once and (each := next(remaining, None)):
                    running[threads.submit(self._one, each)] = each.id
                if not running:
                    break
                try:
                    done = wait(running, return_when=FIRST_COMPLETED).done
                except KeyboardInterrupt as interrupt:
                    self._interrupted(interrupt, len(running))
                    failure = failure or interrupt
                    continue
                for future in done:
                    id, error = running.pop(future), future.exception()
                    if error is not None:
                        failure = failure or _told(error)
                        continue
                    outcome = future.result()
                    yield id, outcome
                    failure = failure or self._given_up(outcome)
        if failure is not None:
            raise failure

    def _given_up(self, outcome: Said | Unsaid) -> JobFailed | None:
        """Why nothing more is asked, after the outcome of a request."""
        if isinstance(outcome, Said):
            self._in_a_row, self._answered = 0, True
            return None
        if isinstance(outcome, Refused) and (self._answered or outcome.why != self._refusal):
            self._refusal = outcome.why
            return None
        self._in_a_row += 1
        if self._in_a_row < IN_A_ROW:
            return None
        self._in_a_row = 0
        return JobFailed(f"{self._client.base_url} gave no text {IN_A_ROW} times in a row ({outcome.why})")

    def _interrupted(self, interrupt: KeyboardInterrupt, running: int) -> None:
        """Tell of the first interrupt; the second one ends it at once."""
        if self._stopping.is_set():
            raise interrupt
        self._stopping.set()
        say(f"stopping when the {running} requests that are being answered are; once more stops now, without them")

    def _one(self, request: Request) -> Said | Unsaid:
        try:
            return self._tries.of(partial(self._attempt, request))
        except TryAgain as failure:
            if not failure.reached:
                raise JobFailed(f"{self._client.base_url} does not answer ({failure.why})") from None
            return Unsaid(failure.why)

    def _attempt(self, request: Request) -> Said | Unsaid:
        import openai

        if self._stopping.is_set():
            return Unsaid("not tried again, since this was interrupted")
        try:
            answer = self._client.chat.completions.create(**self._arguments(request))
        except openai.APITimeoutError:
            raise TryAgain("the server took too long") from None
        except openai.APIConnectionError as error:
            raise TryAgain(one_line(str(error.__cause__ or error)), reached=False) from None
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            remedy = f"check the model's name, the address and {KEY}"
            raise ModelMistake(self.name, one_line(f"the server says: {error}"), remedy) from None
        except (openai.RateLimitError, openai.InternalServerError, openai.ConflictError) as error:
            raise TryAgain(one_line(f"the server says: {error}"), after=_asked_wait(error)) from None
        except openai.APIStatusError as error:
            if error.status_code in LATER:
                raise TryAgain(one_line(f"the server says: {error}"), after=_asked_wait(error)) from None
            return Refused(one_line(f"the server says: {error}"))
        except (openai.APIError, ValueError, RecursionError) as error:  # cut JSON, without end, or another shape
            raise TryAgain(one_line(f"the answer is no chat completion ({error})")) from None
        return _said(answer)

    def _arguments(self, request: Request) -> dict[str, Any]:
        drawing = request.drawing
        arguments: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": each.role, "content": each.text} for each in request.messages],
            "temperature": drawing.temperature,
            "top_p": drawing.top_p,
            "max_tokens": drawing.max_new_tokens,
            "seed": request.seed % SEEDS,
        }
        return arguments | ({"stop": list(drawing.stop)} if drawing.stop else {})


def _said(answer: Any) -> Said:
    """The text of a completion; `TryAgain` for one that has none, or that ended in another way than texts end."""
    try:
        choice = answer.choices[0]
        text, reason = choice.message.content, choice.finish_reason
    except (AttributeError, LookupError, TypeError):
        raise TryAgain(f"the answer is no chat completion ({one_line(repr(answer))[:200]})") from None
    if not isinstance(text, str) or not text.strip():
        raise TryAgain("the answer is empty" if text is None or isinstance(text, str) else "the answer is no text")
    if not _whole_characters(text):
        raise TryAgain("the answer holds halves of characters")
    if not isinstance(reason, str) or reason not in ENDS:
        raise TryAgain(one_line(f"the answer ended for the reason '{reason}'")[:200])
    tokens = getattr(answer.usage, "completion_tokens", None)
    return Said(text, ENDS[reason], tokens if isinstance(tokens, int) else None)


def _whole_characters(text: str) -> bool:
    """Whether `text` can be written down: JSON can spell one half of a pair of surrogates, and no file can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _asked_wait(error: Any) -> float | None:
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _told(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else JobFailed(f"a request ended by {type(error).__name__}")
