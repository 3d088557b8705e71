"""ROUGE-L, equal to Google's rouge-score with `use_stemmer=True`.

C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", 2004: the F-measure of the longest common
subsequence of words. Words are the runs of a-z and 0-9 in the lower-cased text (everything else, letters with
accents included, separates words); words of more than three characters are stemmed.

Where most letters of the reference are not Latin, rouge-score would find few words or none. There words are runs of any
letters, single characters in scripts without spaces, and nothing is stemmed. (Super-NaturalInstructions took GPT-2's
tokens for other languages, also unstemmed; those are pieces of UTF-8 bytes and need that model's vocabulary.)
"""

from __future__ import annotations

import re

from rapidfuzz.distance import LCSseq

from unseen.evaluation.scripts import is_latin, words
from unseen.evaluation.stemmer import stem

WORD = re.compile(r"[a-z0-9]+")


def rouge_words(text: str) -> list[str]:
    return [stem(word) if len(word) > 3 else word for word in WORD.findall(text.lower())]


def rouge_l(prediction: str, reference: str) -> float:
    """ROUGE-L F-measure, 0..100; 0 when either text has no word."""
    if is_latin(reference):
        said, wanted = rouge_words(prediction), rouge_words(reference)
    else:
        said, wanted = words(prediction.lower()), words(reference.lower())
    common = longest_common(said, wanted)
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 100.0 * (2 * precision * recall / (precision + recall))


def longest_common(left: list[str], right: list[str]) -> int:
    """Length of the longest common subsequence; words go in as small numbers, so that no two of them can collide."""
    numbers: dict[str, int] = {}
    for word in (*left, *right):
        numbers.setdefault(word, len(numbers))
    return int(LCSseq.similarity([numbers[w] for w in left], [numbers[w] for w in right]))
