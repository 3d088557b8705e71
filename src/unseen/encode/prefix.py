"""Where a completion's tokens begin: the prompt's own tokens must be a prefix of the whole.

The prompt's own tokens are those of its text alone. Comparing them needs no second tokenisation of the whole prompt:
from a place on that no token ever runs across, its `tail` is enough. A control token is such a place; so is a space
between two words, where the tokenizer splits text into words before it makes tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from tokenizers import Encoding

from unseen.encode.control import OPEN

WORD = re.compile(r"(?<=\S) (?=[^\W\d_])")  # a space before a letter begins a word in every byte-level split
NEAR = 4  # characters between the place and the completion; such a split looks one character ahead


def splits_words(values: dict[str, Any]) -> bool:
    """Whether the tokenizer of this parsed `tokenizer.json` splits text at `WORD` before it makes tokens.

    True of byte-level tokenizers (GPT-2, Llama 3, Qwen, Pythia, SmolLM) whose normalizer, if any, only composes, and
    that have no token of several words.
    """
    normalizer, step = values.get("normalizer"), values.get("pre_tokenizer") or {}
    steps = step.get("pretokenizers", [step])
    byte_level = any(each.get("type") == "ByteLevel" for each in steps)
    by_pattern = any(each.get("type") == "Split" or each.get("use_regex") for each in steps)
    across = any(re.search(" [^\\W\\d_]", token["content"]) for token in values.get("added_tokens") or ())
    return byte_level and by_pattern and not across and (normalizer or {}).get("type") in (None, "NFC")


def tail_of(text: str, start: int, words: bool) -> str:
    """The end of `text[:start]` from a place on that no token runs across; with `words`, it may be a word's start."""
    begin = max(text.rfind(OPEN, 0, start), 0)
    if not words:
        return text[begin:start]
    place = text.rfind(" ", begin + 1, max(start - NEAR, begin + 1))
    while place > begin and not WORD.match(text, place):
        place = text.rfind(" ", begin + 1, place)
    return text[max(place, begin) : start]


def token_from(encoding: Encoding, character: int) -> int:
    """Index of the first token that begins at `character` or behind it.

    A token that begins just there is asked for by itself: all offsets in Python objects are most of what weighing an
    example costs.
    """
    at = encoding.char_to_token(character)
    if at is not None and _begins(encoding, at) == character and (not at or _begins(encoding, at - 1) < character):
        return int(at)
    return bisect_left(encoding.offsets, (character, 0))


def _begins(encoding: Encoding, token: int) -> int:
    characters = encoding.token_to_chars(token)
    return characters[0] if characters else -1


def first_token(start: int, tail: str, own: Sequence[int], ids: Sequence[int], encoding: Encoding) -> tuple[int, int]:
    """Index in `ids` of the first token of what starts at character `start`, and how many tokens of the prompt it took.

    `own` are the tokens of `tail` alone, `ids` those of `encoding`.
    """
    before = token_from(encoding, start - len(tail))
    whole = ids[before : before + len(own)]
    agreeing = next((i for i, (a, b) in enumerate(zip(own, whole, strict=False)) if a != b), min(len(own), len(whole)))
    return before + agreeing, len(own) - agreeing
