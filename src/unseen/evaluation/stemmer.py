"""Porter's stemmer, as ROUGE uses it.

M. F. Porter, "An algorithm for suffix stripping", Program 14.3 (1980), with the extensions that NLTK makes by default
(`NLTK_EXTENSIONS`): a table of irregular words, `-ies`/`-ied` of four-letter words, `y` to `i` after a consonant,
`-alli` first, `-fulli` and `-logi`. Google's rouge-score stems with it, so ROUGE-L must too; a test holds both equal.

A word is a run of consonants and vowels, `[C](VC)^m[V]`; `m` is its measure. `y` after a consonant is a vowel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

IRREGULAR = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}

# (suffix, replacement); the first suffix that matches decides, whether or not its stem is long enough.
STEP_2 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)
STEP_3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
# fmt: off
STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment",
    "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
)
# fmt: on


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of a lower-case word; words of one or two letters are their own stems."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 2:
        return word
    for step in (_plural, _past, _final_y, _double_suffix, _suffix, _last_suffix, _final_e, _final_ll):
        word = step(word)
    return word


def pattern(word: str) -> str:
    """`word` as a string of 'c' (consonant) and 'v' (vowel)."""
    kinds = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and kinds.endswith("c"))
        kinds += "v" if vowel else "c"
    return kinds


def measure(word: str) -> int:
    return pattern(word).count("vc")


def _ends_short(word: str) -> bool:
    """Porter's *o: ends consonant-vowel-consonant, the last not w, x or y; or is one vowel and one consonant."""
    kinds = pattern(word)
    return (kinds.endswith("cvc") and word[-1] not in "wxy") or kinds == "vc"


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        start = word.removesuffix(suffix)
        if start != word and "v" in pattern(start):
            return _mend(start)
    return word


def _mend(start: str) -> str:
    """What `-ed` or `-ing` left, made a word again: conflat(ed) conflate, hopp(ing) hop, fil(ing) file."""
    if start.endswith(("at", "bl", "iz")):
        return start + "e"
    if start[-2:-1] == start[-1] and pattern(start)[-1] == "c":
        return start if start[-1] in "lsz" else start[:-1]
    return start + "e" if measure(start) == 1 and _ends_short(start) else start


def _final_y(word: str) -> str:
    start = word[:-1]
    if word.endswith("y") and len(start) > 1 and pattern(start)[-1] == "c":
        return start + "i"
    return word


def _double_suffix(word: str) -> str:
    if word.endswith("alli") and measure(word[:-4]) > 0:
        return _double_suffix(word[:-2])
    for suffix, replacement in STEP_2:
        if word.endswith(suffix):
            return _replaced(word, suffix, replacement, _longer_than(0))
    if word.endswith("logi") and measure(word[:-3]) > 0:  # the l counts as the stem's, for geo-, theo-
        return word[:-1]
    return word


def _suffix(word: str) -> str:
    for suffix, replacement in STEP_3:
        if word.endswith(suffix):
            return _replaced(word, suffix, replacement, _longer_than(0))
    return word


def _last_suffix(word: str) -> str:
    for suffix in STEP_4:
        if word.endswith(suffix):
            if suffix == "ion" and word[-4:-3] not in ("s", "t"):
                return word
            return _replaced(word, suffix, "", _longer_than(1))
    return word


def _final_e(word: str) -> str:
    start = word[:-1]
    if not word.endswith("e"):
        return word
    size = measure(start)
    return start if size > 1 or (size == 1 and not _ends_short(start)) else word


def _final_ll(word: str) -> str:
    return word[:-1] if word.endswith("ll") and measure(word[:-1]) > 1 else word


def _longer_than(size: int) -> Callable[[str], bool]:
    return lambda start: measure(start) > size


def _replaced(word: str, suffix: str, replacement: str, allowed: Callable[[str], bool]) -> str:
    start = word[: len(word) - len(suffix)]
    return start + replacement if allowed(start) else word
