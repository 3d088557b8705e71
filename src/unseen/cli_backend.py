"""The options that say which model writes texts, the same for every command that needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unseen.ask.chat import ChatBackend

DEFAULT_BACKEND, DEFAULT_MODEL = "hf", "smollm2-135m-instruct"
BACKEND = typer.Option("--backend", help="hf, openai, vllm, llama.cpp or replay")
MODEL = typer.Option("--model", help="a model; with openai the server's name of it, with replay a file of texts")
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="of an OpenAI-compatible server")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, help="requests to a server at a time")]
Timeout = Annotated[float, typer.Option("--timeout", help="seconds that a server may be silent")]


def backend_of(backend: str, model: str, base_url: str | None, at_once: int, timeout: float) -> ChatBackend:
    """What these options name. Raises what `chat_backend` does."""
    from unseen.ask.chat_backends import Place, chat_backend

    return chat_backend(backend, model, Place(base_url, at_once, timeout))
