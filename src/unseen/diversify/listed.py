"""Reads the list that a model was asked for, however it marked its items."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_MARK = re.compile(r"^\s*(?:[-*•–]\s+|[(\[]?\d{1,3}[.):\]]\s*|#\d{1,3}[.:]?\s+)(?=\S)")
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("**", "**"), ("`", "`"), ("«", "»"))
_FENCE = re.compile(r"^\s*```\w*\s*$")


@dataclass(frozen=True, slots=True)
class Listed:
    """The items of an answer, and how many of its lines were none: what was said around the list."""

    items: tuple[str, ...]
    others: int


def listed(answer: str, tokens: tuple[str, ...] = ()) -> Listed:
    """The items of a numbered, bulleted or JSON list, or of one line each; without marks and the quotes around them.

    An item may go on in indented lines. Where some lines are marked, those before the first marked one, and those after
    a blank line, are none. A quote that belongs to one of `tokens` stays.
    """
    if (found := _json_items(answer)) is not None:
        return Listed(tuple(item for each in found if (item := _bare(each, tokens))), 0)
    lines = [line for line in answer.splitlines() if not _FENCE.match(line)]
    marked = any(_MARK.match(line) for line in lines)
    items, others = _marked(lines) if marked else _plain(lines)
    bare = [_bare(item, tokens) for item in items]
    return Listed(tuple(item for item in bare if item), others + bare.count(""))


def _json_items(answer: str) -> list[str] | None:
    """The texts of a JSON list, where the answer is or holds one."""
    start, end = answer.find("["), answer.rfind("]")
    if start < 0 or end < start:
        return None
    try:
        found = json.loads(answer[start : end + 1])
    except ValueError:
        return None
    return found if isinstance(found, list) and found and all(isinstance(each, str) for each in found) else None


def _marked(lines: list[str]) -> tuple[list[str], int]:
    items: list[str] = []
    others, within = 0, False
    for line in lines:
        if mark := _MARK.match(line):
            items.append(line[mark.end() :])
            within = True
        elif not line.strip():
            within = False
        elif within and line[:1].isspace():
            items[-1] += f" {line.strip()}"
        else:
            others += 1
    return items, others


def _plain(lines: list[str]) -> tuple[list[str], int]:
    """A line each, less those that announce the list."""
    said = [line for line in lines if line.strip()]
    items = [line for line in said if not line.rstrip().endswith(":")]
    return items, len(said) - len(items)


def _bare(item: str, tokens: tuple[str, ...]) -> str:
    """`item` with single spaces, without the quotes around the whole of it and a comma behind them."""
    item = " ".join(item.split())
    for opens, closes in _QUOTES:
        inner = item.rstrip(",;").removesuffix(".") if item.rstrip(",;").endswith(closes + ".") else item.rstrip(",;")
        if len(inner) > len(opens + closes) and inner.startswith(opens) and inner.endswith(closes):
            within = inner[len(opens) : -len(closes)]
            if closes not in within and within not in tokens:
                return within.strip()
    return item
