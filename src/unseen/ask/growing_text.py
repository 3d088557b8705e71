"""Text that grows token by token, given out as soon as no later token can change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

UNFINISHED = "\ufffd"  # what a decoder writes for bytes that are no whole character yet


@dataclass(slots=True)
class GrowingText:
    """`decode` turns all ids into their text. What `add` and `rest` give, put together, is `text`, unless the decoder
    changes its mind about characters that were whole already; then nothing more is given, and `text` alone is right."""

    decode: Callable[[Sequence[int]], str]
    ids: list[int] = field(default_factory=list)
    given: str = ""

    @property
    def text(self) -> str:
        return self.decode(self.ids)

    def add(self, token: int) -> str:
        """What is certain now and was not before; characters whose bytes are not all there wait, and so do broken ones
        until something follows them."""
        self.ids.append(token)
        text = self.text
        return "" if text.endswith(UNFINISHED) else self._new(text)

    def rest(self) -> str:
        """What still waited when the last token came."""
        return self._new(self.text)

    def _new(self, text: str) -> str:
        if not text.startswith(self.given):
            return ""
        new, self.given = text[len(self.given) :], text
        return new
