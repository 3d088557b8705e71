"""Tokens as text, each with its loss weight, for people to look at."""

from __future__ import annotations

from collections.abc import Iterator

from unseen.encode.encoded import Encoded
from unseen.encode.tokenizer import Tokenizer

BROKEN = "\ufffd"  # what a decoder writes for a part of a character


def pieces(encoded: Encoded, tokenizer: Tokenizer) -> list[tuple[str, float]]:
    """Text and loss weight of each token, control tokens spelt out.

    The tokens of a character that is split into several are one piece, which weighs what the last of them weighs.
    Joined, the texts are the decoded example.
    """
    return [(text, float(encoded.weights[stop - 1])) for _, stop, text in stretches(encoded, tokenizer)]


def stretches(encoded: Encoded, tokenizer: Tokenizer) -> Iterator[tuple[int, int, str]]:
    """The tokens [start, stop) of each piece, with its text."""
    start, last = 0, len(encoded.ids) - 1
    for index in range(len(encoded.ids)):
        text = _text(encoded, tokenizer, start, index + 1)
        if text.endswith(BROKEN) and index < last and index - start < 8:
            continue
        yield start, index + 1, text
        start = index + 1


def _text(encoded: Encoded, tokenizer: Tokenizer, start: int, stop: int) -> str:
    """Text of tokens [start, stop), seen after the token before: some decoders drop a leading space."""
    before = max(start - 1, 0)
    known = tokenizer.decode(encoded.ids[before:start], control=True)
    return tokenizer.decode(encoded.ids[before:stop], control=True)[len(known) :]
