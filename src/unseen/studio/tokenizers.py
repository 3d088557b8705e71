"""Tokenizers of models that are on this machine, read once; nothing is fetched or made for them unasked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unseen.data.places import models_root
from unseen.encode.format import Format, format_of, pair_format
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import ModelMistake
from unseen.model.description import descriptions
from unseen.model.folder import ABOUT, ModelFolder, resolve
from unseen.model.here import still_to_do
from unseen.studio.workspace import Workspace, stamps

DEFAULT = "smollm2-135m-instruct"
FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "config.json")
Wanted = Literal["auto", "chat", "plain"]


class NotHere(ModelMistake):
    """A model that would have to be fetched, converted or made first."""

    def __init__(self, name: str, todo: str) -> None:
        super().__init__(name, todo, "ask for it below, or name another model")
        self.name, self.todo = name, todo


@dataclass(frozen=True, slots=True)
class Ready:
    """A model's folder and its tokenizer; the weights are not loaded."""

    folder: ModelFolder
    tokenizer: Tokenizer

    def format(self, wanted: Wanted, longest_target: int | None = None) -> Format:
        if self.folder.kind == "encoder-decoder":
            return pair_format(wanted, self.tokenizer, longest_target=longest_target)
        return format_of(wanted, self.tokenizer)


def ready(workspace: Workspace, name: str, tokens: tuple[str, ...] = ()) -> Ready:
    """The tokenizer of the model `name`, which also knows `tokens`. Raises `NotHere`, and `ModelMistake` as `resolve`
    does."""
    folder: ModelFolder = workspace.kept(("model", name), None, lambda: _resolved(name))
    place = folder.tokenizer
    stamp = stamps([place / file for file in FILES])
    made: Ready = workspace.kept(
        ("tokenizer", name, tokens), stamp, lambda: Ready(folder, load_tokenizer(place, tokens=tokens))
    )
    return made


def _resolved(name: str) -> ModelFolder:
    if todo := still_to_do(name):
        raise NotHere(name, todo)
    return resolve(name)


def model_names(workspace: Workspace) -> list[str]:
    """What a form offers: aliases, folders under $UNSEEN_MODELS, models of run folders."""
    return list(dict.fromkeys([DEFAULT, *descriptions(), *_under_root(), *_tuned(workspace)]))


def _under_root() -> Iterator[str]:
    root = models_root()
    if root is not None and root.is_dir():
        yield from sorted(each.name for each in root.iterdir() if (each / "tokenizer.json").is_file())


def _tuned(workspace: Workspace) -> Iterator[str]:
    runs: Path = workspace.runs
    if runs.is_dir():
        yield from sorted(str(each) for each in runs.iterdir() if (each / "model" / ABOUT).is_file())
