"""Texts that say what another one has said already: equal, nearly equal, or sharing most of their long passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unseen.diversify.drops import Fault
from unseen.task.near import NearIndex, is_short
from unseen.task.ngrams import GramIndex
from unseen.task.words import normalised

NEAR, NGRAM = 0.9, 13  # as in the hold-out
MOST_SHARED = 0.5  # of a text's 13-grams


@dataclass(slots=True)
class Known:
    """The texts that were kept so far; later ones are held against them, and against each other."""

    near: float = NEAR
    texts: list[str] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)

    def judge(self, texts: Sequence[str]) -> list[Fault | None]:
        """For each of `texts`, in order: what is wrong, or None where it is new; the new ones are known from here on.

        Which ones are new does not depend on how they are parted into calls.
        """
        words = [normalised(text) for text in texts]
        before = len(self._words)
        alike = self._alike(words)
        kept: dict[int, str] = dict(enumerate(self.texts))
        equal = {each: place for place, each in reversed(list(enumerate(self._words)))}
        judged: list[Fault | None] = []
        for place, text in enumerate(texts):
            same = equal.get(words[place])
            near = min((other for other in alike.get(before + place, ()) if other in kept), default=None)
            if same is not None:
                judged.append(Fault("equal to another", kept[same]))
            elif near is not None:
                judged.append(Fault("nearly equal to another", kept[near]))
            else:
                judged.append(None)
                kept[before + place] = text
                equal[words[place]] = before + place
        fresh = [place for place, fault in enumerate(judged) if fault is None]
        self.texts += [texts[place] for place in fresh]
        self._words += [words[place] for place in fresh]
        return judged

    def _alike(self, words: Sequence[str]) -> dict[int, set[int]]:
        """For each of `words`, counted behind the known ones: which earlier texts it is like."""
        everything, before = [*self._words, *words], len(self._words)
        found: dict[int, set[int]] = {}
        for here, there in [*_near(everything, before, self.near), *_sharing(everything, before)]:
            if there < here:
                found.setdefault(here, set()).add(there)
        return found


def _near(words: Sequence[str], before: int, near: float) -> list[tuple[int, int]]:
    """Pairs of a text from place `before` on and any other that are short and nearly equal, letter by letter."""
    short = [place for place, each in enumerate(words) if is_short(each)]
    fresh = [place for place in short if place >= before]
    index = NearIndex([words[place] for place in short], near)
    hits = index.hits([words[place] for place in fresh])
    pairs = [(fresh[here], short[there]) for here, there, _ in hits if fresh[here] != short[there]]
    return pairs + [(one, other) for other, one in pairs if one >= before]


def _sharing(words: Sequence[str], before: int) -> list[tuple[int, int]]:
    """Pairs of a text from place `before` on and any other, where one has half of its 13-grams from the other."""
    long = [place for place, each in enumerate(words) if each.count(" ") + 1 > NGRAM]
    fresh = [place for place in long if place >= before]
    if not fresh:
        return []
    index = GramIndex([words[place] for place in long], NGRAM)
    text, gram = index.hits([words[place] for place in fresh])
    at, holder = index.holders(gram)
    shared = Counter(zip(text[at].tolist(), holder.tolist(), strict=True))
    sizes = np.array([len(set(_grams(words[place]))) for place in long])
    here = {place: number for number, place in enumerate(long)}
    pairs = []
    for (mine, other), count in shared.items():
        pair = fresh[mine], long[other]
        if pair[0] != pair[1] and count >= MOST_SHARED * min(sizes[here[pair[0]]], sizes[other]):
            pairs += [pair, *([pair[::-1]] if pair[1] >= before else [])]
    return pairs


def _grams(words: str) -> list[tuple[str, ...]]:
    split = words.split(" ")
    return [tuple(split[start : start + NGRAM]) for start in range(len(split) - NGRAM + 1)]
