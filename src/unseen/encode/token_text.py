"""Each token by itself, for people to look at: its id, its text, its bytes where it holds a part of a character."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from unseen.encode.encoded import Encoded
from unseen.encode.pieces import stretches
from unseen.encode.tokenizer import Tokenizer

BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")  # how SentencePiece spells a token of one byte


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token with its loss weight. `bytes` are told where it is a part of the character (or characters) `text` that
    several tokens write together; then `text` stands with the last of them, and is empty with the others."""

    id: int
    text: str
    weight: float
    control: bool
    bytes: str = ""


def token_texts(encoded: Encoded, tokenizer: Tokenizer) -> list[TokenText]:
    """Every token of `encoded`, in order."""
    control = control_ids(tokenizer, set(encoded.ids.tolist()))
    found = []
    for start, stop, text in stretches(encoded, tokenizer):
        split = stop - start > 1
        for place in range(start, stop):
            id = int(encoded.ids[place])
            shown = text if place == stop - 1 else ""
            spelt = bytes_of(tokenizer.backend.id_to_token(id)) if split else ""
            found.append(TokenText(id, shown, float(encoded.weights[place]), id in control, spelt))
    return found


def control_ids(tokenizer: Tokenizer, ids: Collection[int]) -> frozenset[int]:
    """Those of `ids` that steer the model rather than being text."""
    return frozenset(id for id in ids if not tokenizer.decode([id]) and tokenizer.decode([id], control=True))


def bytes_of(token: str | None) -> str:
    """The bytes of a token as a vocabulary spells it ("F0 9F"), of a byte-level one or of SentencePiece's bytes."""
    if token is None:
        return "?"
    if found := BYTE.fullmatch(token):
        return found[1].upper()
    known = _byte_level()
    return " ".join(f"{known[char]:02X}" if char in known else char for char in token)


@cache
def _byte_level() -> dict[str, int]:
    """GPT-2's spelling of bytes: printable ones as they are, the others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
