"""A SentencePiece model (`.model`, a protocol buffer) as a fast tokenizer, without the package of that name.

Only what a unigram model needs is read: of `ModelProto` the field 1, its pieces (1 text, 2 score, 3 type), and of field
3, its normaliser, the field 2, a compiled table of characters. The format is that of SentencePiece's own
`sentencepiece_model.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.errors import ModelMistake

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES, NORMALIZER, TABLE = 1, 3, 2
TEXT, SCORE, TYPE = 1, 2, 3
UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4
Value = int | bytes


@dataclass(frozen=True, slots=True)
class UnigramModel:
    """Pieces with their scores, in the order of their ids; the ids of pieces of each special type; the normaliser's
    table, empty where it has none."""

    pieces: tuple[tuple[str, float], ...]
    unknown: int
    special: tuple[str, ...]
    table: bytes


def unigram_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a unigram model: normalised by its table, runs of spaces as one, a space before the text.

    Raises `ModelMistake` where the file is no such model.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    said = read_unigram(path)
    tokenizer = Tokenizer(models.Unigram(list(said.pieces), said.unknown, byte_fallback=False))
    table = [normalizers.Precompiled(said.table)] if said.table else []
    spaces = [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence([*table, *spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in said.special])
    return tokenizer


def read_unigram(path: Path) -> UnigramModel:
    """Raises `ModelMistake` where the file cannot be read or is no SentencePiece model."""
    try:
        fields = list(_fields(path.read_bytes()))
        pieces = [dict(_fields(_bytes(value))) for number, value in fields if number == PIECES]
        texts = [_bytes(each[TEXT]).decode("utf-8") for each in pieces]
        scores = [struct.unpack("<f", _bytes(each.get(SCORE, bytes(4))))[0] for each in pieces]
        kinds = [each.get(TYPE, 1) for each in pieces]
        table = b"".join(_table(_bytes(value)) for number, value in fields if number == NORMALIZER)
        unknown = kinds.index(UNKNOWN)
    except (OSError, ValueError, KeyError, IndexError, struct.error):
        raise ModelMistake(str(path), "is no SentencePiece model", "take it from the checkpoint again") from None
    special = tuple(text for text, kind in zip(texts, kinds, strict=True) if kind in (CONTROL, USER_DEFINED))
    return UnigramModel(tuple(zip(texts, scores, strict=True)), unknown, special, table)


def _table(normalizer: bytes) -> bytes:
    return b"".join(_bytes(value) for number, value in _fields(normalizer) if number == TABLE)


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where bytes were expected")
    return value


def _fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a protocol buffer: numbers as such; texts, messages and numbers of fixed width as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value: Value
            value, at = _varint(message, at)
        else:
            size, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            if at + size > len(message):
                raise ValueError("cut short")
            value, at = message[at : at + size], at + size
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while message[at] & 128:
        value, at, shift = value | (message[at] & 127) << shift, at + 1, shift + 7
    return value | message[at] << shift, at + 1
