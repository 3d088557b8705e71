"""A bilingual dictionary: a word of the source language a line, with its senses in the target language.

    harbour<TAB>Hafen<TAB>2
    shop<TAB>Laden; Geschäft

The third field, which may be absent, is how often the word stands in the rows that the dictionary was made from: what
makes a word rare. Words are compared without regard to case. Lines that begin with `#` are comments.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from unseen.data.textlines import text_lines
from unseen.data.together import sound
from unseen.errors import DataMistake

WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")  # letters, and hyphens and apostrophes between them
BETWEEN = "; "  # two senses
A_LINE = "write a word, a tab, its senses with '; ' between them, and perhaps a tab and its count"


@dataclass(frozen=True, slots=True)
class Entry:
    """The senses of a word, the likeliest first, and how often it stands in the rows that it was found in."""

    senses: tuple[str, ...]
    count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary:
    """Entries by word, in lower case."""

    entries: Mapping[str, Entry]

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, whatever the file's comments and the order of its lines."""
        said = sorted((word, entry.senses, entry.count) for word, entry in self.entries.items())
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case, in its order. Scripts without spaces give a run of letters as one word."""
    return [word.lower() for word in spelled_words(text)]


def spelled_words(text: str) -> list[str]:
    """The words of a text as it writes them."""
    return WORD.findall(text)


def read_dictionary(path: Path) -> Dictionary:
    """Raises `DataMistake` for a file that cannot be read, and all together for lines that hold no entry, for words
    that stand twice, and for a file without entries."""
    found = list(sound(_entries(path), str(path)))
    if not found:
        raise DataMistake(str(path), "holds no word", A_LINE)
    return Dictionary(dict(found))


def write_dictionary(dictionary: Dictionary, path: Path, made: str) -> None:
    """Write it in the order of its words, under the comment `made`, one line."""
    lines = [f"# {made}"]
    for word, entry in sorted(dictionary.entries.items()):
        lines.append("\t".join((word, BETWEEN.join(entry.senses), str(entry.count))))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _entries(path: Path) -> Iterator[tuple[str, Entry] | DataMistake]:
    known: set[str] = set()
    for number, line in enumerate(text_lines(path, {}), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            word, entry = _entry(line.rstrip("\r\n").split("\t"), f"{path}, line {number}", known)
        except DataMistake as mistake:
            yield mistake
        else:
            known.add(word)
            yield word, entry


def _entry(fields: list[str], where: str, known: Iterable[str]) -> tuple[str, Entry]:
    if len(fields) not in (2, 3):
        raise DataMistake(where, f"has {len(fields)} fields, not two or three", A_LINE)
    word = fields[0].strip().lower()
    senses = tuple(sense for each in fields[1].split(BETWEEN.strip()) if (sense := each.strip()))
    count = fields[2].strip() if len(fields) == 3 else "0"
    if not WORD.fullmatch(word):
        raise DataMistake(where, f"'{word}' is not one word", "name one word, of letters, hyphens and apostrophes")
    if word in known:
        raise DataMistake(where, f"'{word}' stands twice", "put its senses into one line")
    if not senses:
        raise DataMistake(where, f"'{word}' has no sense", A_LINE)
    if not re.fullmatch("[0-9]{1,15}", count):
        raise DataMistake(where, f"'{count}' is no count", "write a whole number, or leave the third field out")
    return word, Entry(senses, int(count))
