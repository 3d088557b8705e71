"""Raw labels to indexes: a file says 'entailment', 0, 'A' or true, a template wants the index of the label's word."""

from __future__ import annotations

from typing import Any

from unseen.data.dataset import Labels


class LabelIndex:
    """The raw values that stand for each index of `labels`.

    A raw label is, in this order: the unlabelled marker, which becomes None; one of `values`; when no values are
    given, one of the words, or an index. Text is compared as it stands, then without case and outer spaces.
    """

    def __init__(self, labels: Labels) -> None:
        self.column = labels.column
        self._labels = labels
        raw = labels.values or tuple((word,) for word in labels.words)
        self._exact = {_text(value): index for index, values in enumerate(raw) for value in values}
        folded: dict[str, set[int]] = {}
        for text, index in self._exact.items():
            folded.setdefault(text.strip().casefold(), set()).add(index)
        self._folded = {text: indexes.pop() for text, indexes in folded.items() if len(indexes) == 1}
        self._count = None if labels.values else len(labels.words)

    def index_of(self, raw: Any) -> int | None:
        """The index of a raw label, None for the unlabelled marker. Raises `ValueError` naming the allowed labels."""
        if is_marker(raw, self._labels):
            return None
        text = _text(raw)
        index = self._exact.get(text, self._folded.get(text.strip().casefold()))
        if index is None and self._count is not None:
            index = _as_index(raw, self._count)
        if index is None:
            raise ValueError(f"label {_shown(raw)} is none of {self._allowed()}")
        return index

    def _allowed(self) -> str:
        words = ", ".join(map(repr, list(self._exact)[:20]))
        numbers = f", or 0 to {self._count - 1}" if self._count else ""
        marker = "" if self._labels.unlabelled is None else f", or {self._labels.unlabelled!r} (unlabelled)"
        return words + numbers + marker


def is_marker(raw: Any, labels: Labels) -> bool:
    """Whether a raw label says that the row has none. `-1` in a csv file is the text '-1'."""
    if raw is None or labels.unlabelled is None:
        return raw is None and labels.unlabelled is None
    return _text(raw) == _text(labels.unlabelled)


def _as_index(raw: Any, count: int) -> int | None:
    """`raw` as an index below `count`: 1, 1.0, True, '1'."""
    if isinstance(raw, str):
        raw = int(raw) if raw.strip().isascii() and raw.strip().isdigit() else None
    if isinstance(raw, float):
        raw = int(raw) if raw.is_integer() else None
    return int(raw) if isinstance(raw, int) and 0 <= raw < count else None


def _text(raw: Any) -> str:
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."
