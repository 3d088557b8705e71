"""Dictionary hints behind a prompt: DiPMT (Ghazvininejad et al. 2023, arXiv 2302.07856), which tunes nothing.

DiPMT appends the senses of rare source words to the prompt of a translation. Its wording, and how it tells which words
are rare, are not known to us; both are ours. The wording names no language.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from unseen.prompt.dictionary import Dictionary, words_of
from unseen.prompt.example import Example, Segment

HEADING = "\n\nWhat some of its words may mean:"
BETWEEN = ", "  # two senses


@dataclass(frozen=True, slots=True)
class Hinted:
    """Puts the senses of the rarest words of a column's text behind the prompt that shows it.

    A word is rare by the dictionary's own counts: at most `rare` of them (None: any), the rarest `most` words of a row,
    each with its first `senses`; of equally rare words the earlier ones. They are told in the order of the text.
    """

    dictionary: Dictionary
    column: str
    most: int
    senses: int
    rare: int | None

    def of(self, example: Example) -> Example:
        """`example` with hints at the end of its last user turn; as it is where no word has one."""
        asked = max((at for at, each in enumerate(example.segments) if each.role == "user"), default=None)
        if asked is None:
            return example
        segment = example.segments[asked]
        lines = [self._line(word) for word in self.words(_shown(segment, self.column))]
        if not lines:
            return example
        hinted = replace(segment, text="\n".join((segment.text + HEADING, *lines)))
        return replace(example, segments=(*example.segments[:asked], hinted, *example.segments[asked + 1 :]))

    def words(self, text: str) -> list[str]:
        """The words of `text` that get a hint."""
        entries = self.dictionary.entries
        known = [word for word in dict.fromkeys(words_of(text)) if word in entries]
        rare = [word for word in known if self.rare is None or entries[word].count <= self.rare]
        chosen = set(sorted(rare, key=lambda word: entries[word].count)[: self.most])
        return [word for word in rare if word in chosen]

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides which hints a text gets, and of their wording."""
        said = [self.dictionary.digest, self.column, self.most, self.senses, self.rare, HEADING]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def _line(self, word: str) -> str:
        return f"{word}: {BETWEEN.join(self.dictionary.entries[word].senses[: self.senses])}"


def _shown(segment: Segment, column: str) -> str:
    """The texts of a column that a turn shows."""
    spans = (each for each in segment.spans if column in each.columns and each.says == "column")
    return "\n".join(segment.text[span.start : span.end] for span in spans)
