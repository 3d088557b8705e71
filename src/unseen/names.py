"""What a name may hold, in words, and the nearest name that can be, out of the pattern that names are checked by."""

from __future__ import annotations

import re
import unicodedata

PART = re.compile(r"\[([^\]]+)\]\[([^\]]+)\]\*")  # of a pattern: what a name begins with, and what it goes on with
RANGES = {"A-Za-z0-9": "letters (a to z, A to Z), digits", "a-z0-9": "small letters (a to z), digits"}
EXAMPLE = "my_reviews"


def rule(pattern: str) -> str:
    """What a text that does not match `pattern` should have been; the pattern itself where it is no name's."""
    parts = PART.findall(pattern)
    if not parts or PART.sub("", pattern) not in ("^$", "^/$"):
        return f"must match {pattern}"
    held = parts[0][1]
    letters = next(known for known in RANGES if held.startswith(known))
    signs = " ".join(held.removeprefix(letters))
    begins = "begins with a letter or digit"
    if len(parts) == 1:
        return f"may hold {RANGES[letters]} and {signs}, and {begins}"
    return f"must be two names with / between them, each of {RANGES[letters]} and {signs}, which {begins}"


def possible(text: str, pattern: str) -> str:
    """The nearest name to `text` that matches `pattern`: accents are taken off, and what cannot be is `_`. Empty where
    nothing is left, or where `pattern` is no single name's."""
    found = PART.fullmatch(pattern.removeprefix("^").removesuffix("$"))
    if found is None:
        return ""
    first, rest = found.groups()
    letters = unicodedata.normalize("NFKD", text if "A-Z" in rest else text.lower())
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    name = re.sub(f"[^{rest}]+", "_", bare).rstrip("_")
    return re.sub(f"^[^{first}]+", "", name)[:80]


def advice(text: str, pattern: str) -> str:
    """A remedy for a name that cannot be."""
    return f"try {possible(text, pattern) or EXAMPLE}"
