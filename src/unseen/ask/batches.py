"""Which questions run together: those of like length, within a budget of padded tokens."""

from __future__ import annotations

from collections.abc import Mapping


def batches(lengths: Mapping[int, int], tokens: int, most: int | None = None) -> list[list[int]]:
    """Keys of `lengths` in batches, the longest first, so that too large a budget shows at once.

    A batch's longest length times its size is at most `tokens` (a single one may be longer), its size at most `most`.
    """
    made: list[list[int]] = []
    longest = 0
    for key in sorted(lengths, key=lambda key: (-lengths[key], key)):
        full = not made or longest * (len(made[-1]) + 1) > tokens or len(made[-1]) == most
        if full:
            made.append([])
            longest = lengths[key]
        made[-1].append(key)
    return made


def before_stop(text: str, stop: tuple[str, ...]) -> str | None:
    """What `text` says before the first of the `stop` strings in it; None where it holds none."""
    places = [place for place in (text.find(each) for each in stop) if place >= 0]
    return text[: min(places)] if places else None
