"""Numbers of diversity: distinct-n, self-BLEU, lengths, and how texts begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from unseen.task.seeds import generator, shuffled
from unseen.task.words import words_of

SELF_BLEU_TEXTS = 100  # each is held against all others, so the work grows with the square
SHOWN = 10


def diversity(texts: Sequence[str], seed: int) -> dict[str, Any]:
    """Of `texts`: distinct-1, -2, -3 (Li et al. 2016), self-BLEU 0..100 (Zhu et al. 2018; lower is more diverse) on a
    sample drawn by `seed`, mean words, and the shares 0..1 of the commonest first words and first two words."""
    words = [words_of(text) for text in texts]
    first = [each[0] for each in words if each]
    return {
        "texts": len(texts),
        **{f"distinct_{n}": distinct(words, n) for n in (1, 2, 3)},
        "self_bleu": self_bleu(texts, seed),
        "mean_words": sum(map(len, words)) / len(words) if words else 0.0,
        "first_words": shares(first),
        "distinct_first_words": len(set(first)),
        "first_two_words": shares([" ".join(each[:2]) for each in words if len(each) > 1]),
    }


def distinct(words: Sequence[Sequence[str]], n: int) -> float:
    """Distinct n-grams over all n-grams of all texts, 0..1; 0 where there is none."""
    grams = [tuple(each[start : start + n]) for each in words for start in range(len(each) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu(texts: Sequence[str], seed: int, most: int = SELF_BLEU_TEXTS) -> float | None:
    """Mean BLEU-4 (sacrebleu, its smoothing, effective order) of each of `most` texts against the others of these;
    None for fewer than two."""
    from sacrebleu.metrics import BLEU

    order = list(shuffled(len(texts), generator(seed, "self-bleu")))[:most]
    sample = [texts[place] for place in sorted(order) if texts[place].strip()]
    if len(sample) < 2:
        return None
    judge = BLEU(effective_order=True)
    scores = [judge.sentence_score(text, sample[:i] + sample[i + 1 :]).score for i, text in enumerate(sample)]
    return float(sum(scores) / len(scores))


def shares(values: Sequence[str]) -> dict[str, float]:
    """The commonest values and their shares, the most frequent first, ties in order of the alphabet."""
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return {value: count / len(values) for value, count in counts[:SHOWN]}
