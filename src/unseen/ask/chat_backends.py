"""Which backend writes the texts: named, made, and nothing loaded before it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from unseen.ask.chat import ChatBackend
from unseen.errors import UserMistake, nearest

Name = Literal["hf", "openai", "vllm", "llama.cpp", "replay"]
NAMES: tuple[str, ...] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a backend's model is asked: of a server its address, how many requests at a time, and seconds to wait."""

    base_url: str | None = None
    at_once: int = 8
    timeout: float = 120.0


def chat_backend(name: str, model: str, place: Place = Place()) -> ChatBackend:
    """The backend called `name` for `model`: an alias, a folder or a hub id (hf, vllm), a server's name of it (openai),
    a `.gguf` file (llama.cpp), a JSONL file of texts (replay).

    Raises `UserMistake` for another name, `MissingExtra`, and what loading the model raises.
    """
    if name == "openai":
        from unseen.ask.chat_openai import OpenAIChat

        return OpenAIChat(model, place.base_url, place.at_once, place.timeout)
    if name == "llama.cpp":
        from unseen.ask.chat_llama_cpp import LlamaCppChat

        return LlamaCppChat(Path(model).expanduser())
    if name == "replay":
        from unseen.ask.chat_replay import replay_file

        return replay_file(Path(model).expanduser())
    if name == "vllm":
        from unseen.ask.chat_vllm import VllmChat
        from unseen.model.folder import resolve

        return VllmChat(resolve(model))
    if name == "hf":
        return _hf(model)
    raise UserMistake("--backend", f"there is no backend '{name}'", nearest(name, NAMES, "backends"))


def _hf(name: str) -> ChatBackend:
    from unseen.ask.chat_hf import HfChat
    from unseen.ask.talker import load_to_talk
    from unseen.progress import phased

    with phased(name) as phases:
        return HfChat(load_to_talk(name, phases))
