"""The chat backend of llama.cpp, through `llama-cpp-python` (`pip install unseen[llama-cpp]`): GGUF files on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Any

import jinja2

from unseen.ask.chat import Request, Said, Unsaid
from unseen.encode.chat_template import ChatTemplate, Refused, Turn
from unseen.errors import MissingExtra, ModelMistake, one_line

# Its own defaults are top_k 40, min_p 0.05 and a penalty of repetition in older versions; none of that is asked for.
PLAIN = {"top_k": 0, "min_p": 0.0, "typical_p": 1.0, "repeat_penalty": 1.0}
REMEDY = "write questions from seeds or a file, or name a chat model"
SEEDS = 2**31


class LlamaCppChat:
    """Chats with the model of a `.gguf` file, one request after the other; `context` is in tokens. Raises
    `MissingExtra`, and `ModelMistake` where the file is none or cannot be loaded."""

    pinned = True

    def __init__(self, path: Path, context: int = 4096) -> None:
        try:
            from llama_cpp import Llama
        except ImportError:
            raise MissingExtra("llama-cpp", "asking with llama.cpp") from None
        if path.suffix != ".gguf" or not path.is_file():
            raise ModelMistake(str(path), "is no .gguf file, which llama.cpp needs", "name one, or ask with hf")
        self.name, self._path = str(path), path
        try:
            self._model = Llama(model_path=str(path), n_ctx=context, verbose=False)
        except ValueError as error:
            raise ModelMistake(str(path), f"cannot be loaded ({one_line(str(error))})", "fetch it again") from None

    @cached_property
    def digest(self) -> str:
        with self._path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        """See `ChatBackend`."""
        for request in requests:
            yield request.id, self._one(request)

    def _one(self, request: Request) -> Said | Unsaid:
        try:
            if request.speaker == "user":
                choice = self._continued(request)
                text = choice["text"]
            else:
                messages = [{"role": each.role, "content": each.text} for each in request.messages]
                choice = self._model.create_chat_completion(messages=messages, **_settings(request))["choices"][0]
                text = choice["message"]["content"]
        except ValueError as error:  # the prompt is longer than the context
            return Unsaid(one_line(str(error)))
        return Said(text or "", choice["finish_reason"] == "stop")

    def _continued(self, request: Request) -> Mapping[str, Any]:
        """A user turn, opened by the file's own chat template and drawn to its closing words."""
        opening, closing = self._opening([Turn(each.role, each.text) for each in request.messages])
        ids = self._model.tokenize(opening.encode(), add_bos=False, special=True)
        settings = _settings(request)
        choice: Mapping[str, Any] = self._model.create_completion(
            prompt=ids, **{**settings, "stop": [*settings["stop"], closing] if closing else settings["stop"]}
        )["choices"][0]
        return choice

    def _opening(self, turns: Sequence[Turn]) -> tuple[str, str]:
        source = self._model.metadata.get("tokenizer.chat_template")
        if not source:
            what = "has no chat template, so it cannot write what a user would ask"
            raise ModelMistake(self.name, what, REMEDY)
        try:
            pieces = ChatTemplate(source, self._named(), datetime.now()).pieces([*turns, Turn("user", "x")])
        except (jinja2.TemplateError, Refused) as error:
            raise ModelMistake(self.name, f"its chat template cannot be used ({error})", REMEDY) from None
        return "".join(each.text for each in pieces[:-2]), pieces[-1].text.strip()

    def _named(self) -> dict[str, str]:
        """The beginning and the end token as they are spelt, for templates that print them."""
        ids = {"bos_token": self._model.token_bos(), "eos_token": self._model.token_eos()}
        return {name: self._model.detokenize([id], special=True).decode() for name, id in ids.items() if id >= 0}


def _settings(request: Request) -> dict[str, Any]:
    drawing = request.drawing
    return {
        "temperature": drawing.temperature,
        "top_p": drawing.top_p,
        "max_tokens": drawing.max_new_tokens,
        "stop": list(drawing.stop),
        "seed": request.seed % SEEDS,
        **PLAIN,
    }
