"""Tokens that a recipe declares: known to the tokenizer wherever they stand in any text, as one id each.

They are added tokens that are not special, matched before anything else is split, and without eating the white space
around them. So a row, a template and a completion may all write them, while control tokens stay out of row text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.encode.control import vocabulary_of
from unseen.errors import RecipeMistake, UserMistake, raise_all

FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
WHERE = "tokens"


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared token and its id. `known`: the model's tokenizer had it already, as an added token."""

    text: str
    id: int
    known: bool

    @property
    def entry(self) -> dict[str, Any]:
        """The token among the `added_tokens` of a `tokenizer.json`."""
        return {"id": self.id, "content": self.text, **FLAGS}


def declared_of(
    values: dict[str, Any], named: Mapping[str, str], markup: str, tokens: Sequence[str]
) -> tuple[Declared, ...]:
    """`tokens` with their ids in the parsed `tokenizer.json`; those that it does not know come after all others.

    `named` are the tokens that the tokenizer's configuration names, `markup` is the chat template. Raises
    `RecipeMistake` for each token that steers the model already, or that is an ordinary piece of the vocabulary.
    """
    vocabulary = vocabulary_of(values)
    added = {token["content"]: int(token["id"]) for token in values["added_tokens"]}
    mistakes: list[UserMistake] = []
    for token in tokens:
        if what := _steers(token, named, markup):
            mistakes.append(RecipeMistake(WHERE, f"'{token}' {what}", "choose another spelling"))
        elif token in vocabulary and token not in added:
            what = f"'{token}' is there already: token {vocabulary[token]} of the vocabulary, a piece of ordinary words"
            mistakes.append(RecipeMistake(WHERE, what, f"choose a spelling that no text has, such as <{token}>"))
    raise_all(mistakes)
    fresh = [token for token in tokens if token not in added]
    first = max([*vocabulary.values(), *added.values()], default=-1) + 1
    ids = added | {token: first + place for place, token in enumerate(fresh)}
    return tuple(Declared(token, ids[token], token in added) for token in tokens)


def _steers(token: str, named: Mapping[str, str], markup: str) -> str:
    """What a token does already that text must not be able to do; empty where it does nothing."""
    name = next((name for name, text in named.items() if text == token), None)
    if name is not None:
        return f"is the model's {name}"
    return "stands in the model's chat template" if token in markup else ""


def with_declared(values: dict[str, Any], declared: Sequence[Declared]) -> dict[str, Any]:
    """The parsed `tokenizer.json` with the declared tokens; everything else of it stays."""
    own = {each.text: each.entry for each in declared}
    before = [token for token in values["added_tokens"] if token["content"] not in own]
    return {**values, "added_tokens": sorted([*before, *own.values()], key=lambda token: token["id"])}


def write_declared(folder: Path, declared: Sequence[Declared]) -> None:
    """Make the tokenizer files in `folder` know the declared tokens, for us and for transformers."""
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    changed = with_declared({**values, "added_tokens": values.get("added_tokens") or []}, declared)
    path.write_text(json.dumps(changed, ensure_ascii=False, indent=2), encoding="utf-8")
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "added_tokens_decoder" in config:  # what an older transformers wrote, and reads before the other file
        own = {str(each.id): {"content": each.text, **FLAGS} for each in declared}
        config["added_tokens_decoder"] = {**config["added_tokens_decoder"], **own}
        path.write_text(json.dumps(config, ensure_ascii=False, indent=2), encoding="utf-8")
