"""Control tokens, and how row text is kept from writing them.

A control token (`<|im_end|>`, `</s>`) is one that steers a model rather than being text. `mark` wraps its spelling in
two Unicode noncharacters, and `with_marked_tokens` renames the token in a `tokenizer.json` in the same way: the marked
spelling is then the only way to write the token, the chat template's markup is written with it, and the same letters
inside a row stay ordinary text. Everything else of the tokenizer, and every token id, is unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

OPEN, CLOSE = "\ufdd0", "\ufdd1"  # Unicode noncharacters: never assigned, reserved for a program's internal use
RESERVED = re.compile("[\ufdd0-\ufdd5]")  # these two, and the ones that `chat_template` puts around a turn's text


def mark(token: str) -> str:
    """The spelling under which the marked tokenizer knows the control token `token`."""
    return f"{OPEN}{token}{CLOSE}"


def unmark(text: str) -> str:
    """`text` with its control tokens spelt as their model spells them."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def marker(control: Iterable[str]) -> re.Pattern[str]:
    """A pattern for the control tokens in markup, the longest first where one begins another."""
    longest_first = sorted(control, key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def control_tokens(values: dict[str, Any], named: Collection[str], markup: str) -> frozenset[str]:
    """Special tokens, tokens that the configuration names, and added tokens that the chat template spells out."""
    added = values.get("added_tokens") or []
    special = {token["content"] for token in added if token.get("special") or token["content"] in markup}
    vocabulary = vocabulary_of(values)
    return frozenset(special | {token for token in named if token in vocabulary or token in _contents(added)})


def with_marked_tokens(values: dict[str, Any], control: frozenset[str]) -> str:
    """The JSON text of a `tokenizer.json` whose control tokens are known under their marked spelling only.

    `values` is the parsed file; the ids of all tokens stay. Truncation, padding and the post-processor (which adds
    tokens of its own and trims offsets) are left out.
    """
    names = {token: mark(token) for token in control}
    added = [{**token, "content": names.get(token["content"], token["content"])} for token in values["added_tokens"]]
    if unlisted := control - _contents(values["added_tokens"]):
        ids = vocabulary_of(values)
        added += [_added(names[token], ids[token]) for token in unlisted]
    changed = {"model": _renamed(values["model"], names), "added_tokens": sorted(added, key=lambda token: token["id"])}
    return json.dumps({**values, **changed, "truncation": None, "padding": None, "post_processor": None})


def vocabulary_of(values: dict[str, Any]) -> dict[str, int]:
    """Token to id, of the model part of a `tokenizer.json`; a Unigram vocabulary is a list of (piece, score)."""
    vocabulary = values["model"]["vocab"]
    if isinstance(vocabulary, dict):
        return vocabulary
    return {piece: index for index, (piece, _) in enumerate(vocabulary)}


def _renamed(model: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The model part with its vocabulary entries renamed, so that plain text can never reach a control token."""
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        vocabulary = {names.get(token, token): index for token, index in vocabulary.items()}
    else:
        vocabulary = [[names.get(piece, piece), score] for piece, score in vocabulary]
    changed = {**model, "vocab": vocabulary}
    if model.get("unk_token") in names:
        changed["unk_token"] = names[model["unk_token"]]
    return changed


def shared_start(one: str, other: str) -> int:
    """How many characters two texts have in common at their start."""
    if other.startswith(one):
        return len(one)
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _added(content: str, index: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": index, "content": content, **flags}


def _contents(added: Iterable[dict[str, Any]]) -> set[str]:
    return {token["content"] for token in added}
