"""ROUGE-L and its stemmer, held equal to Google's rouge-score (and the NLTK stemmer inside it)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.evaluation.rouge import WORD, rouge_l
from unseen.evaluation.scripts import is_latin
from unseen.evaluation.stemmer import IRREGULAR, STEP_2, STEP_3, STEP_4, stem

SUFFIXES = [
    *(suffix for suffix, _ in STEP_2 + STEP_3),
    *STEP_4,
    *[
        "s",
        "ies",
        "sses",
        "ss",
        "ed",
        "ied",
        "eed",
        "ing",
        "y",
        "e",
        "ll",
        "logi",
        "alli",
        "fulli",
        "at",
        "bl",
        "iz",
        "yyy",
    ],
]
# Pieces that reach every branch: short stems, y in every place, doubled consonants, every suffix on every other.
WORDS = st.lists(st.sampled_from([*SUFFIXES, *"abeilosty", "rr", "cvc", "9"]), min_size=1, max_size=5).map("".join)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=8).map(" ".join),
    st.text(max_size=40),
    st.text("aAyYsS éßİıſK-_'\t\n1٣", max_size=30),
)


@pytest.fixture(scope="module")
def nltk_stem():  # type: ignore[no-untyped-def]
    porter = pytest.importorskip("nltk.stem.porter", reason="rouge-score's stemmer is not installed (extra: dev)")
    return porter.PorterStemmer().stem


@pytest.fixture(scope="module")
def google():  # type: ignore[no-untyped-def]
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed (extra: dev)")
    return scorer.RougeScorer(["rougeL"], use_stemmer=True)


def test_the_stemmer_equals_nltk_on_pieces_put_together(nltk_stem) -> None:  # type: ignore[no-untyped-def]
    @settings(max_examples=1500, deadline=None)
    @given(word=WORDS)
    def equal(word: str) -> None:
        assert stem(word) == nltk_stem(word)

    equal()


def test_the_stemmer_equals_nltk_on_every_pair_of_suffixes(nltk_stem) -> None:  # type: ignore[no-untyped-def]
    starts = ["", "b", "o", "ab", "ty", "hop", "roll", "motor", "conflat"]
    words = {a + b + c for a in starts for b in SUFFIXES for c in SUFFIXES} | set(IRREGULAR)
    assert [w for w in sorted(words) if stem(w) != nltk_stem(w)] == []
    assert len(words) > 20_000


def test_the_stemmer_equals_nltk_on_the_words_of_real_data(nltk_stem, real_data: Path) -> None:  # type: ignore[no-untyped-def]
    words: set[str] = set()
    for path in sorted(real_data.rglob("*.tsv"))[:40]:
        with path.open(encoding="utf-8", errors="replace") as file:
            words.update(WORD.findall(file.read(300_000).lower()))
    assert len(words) > 10_000
    assert [w for w in sorted(words) if stem(w) != nltk_stem(w)] == []


def test_rouge_l_equals_rouge_score_on_adversarial_strings(google) -> None:  # type: ignore[no-untyped-def]
    """Whatever the prediction is; where most letters of the reference are not Latin, rouge-score has no answer."""

    @settings(max_examples=800, deadline=None)
    @given(prediction=TEXTS, reference=TEXTS.filter(is_latin))
    def equal(prediction: str, reference: str) -> None:
        assert rouge_l(prediction, reference) == 100 * google.score(reference, prediction)["rougeL"].fmeasure

    equal()
