"""Metrics on scripts without spaces between words, on hand-worked cases; and the texts that they must leave alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from unseen.evaluation.blocks import block_of_texts
from unseen.evaluation.corpus import tokenizer_for
from unseen.evaluation.metrics import NO_PUNCTUATION, plain_words, row_value, single_spaced
from unseen.evaluation.scripts import is_latin, tokens, words

LATIN = st.text(st.characters(max_codepoint=0x24F) | st.sampled_from("“”’–—…\u200b\u1ea1"), max_size=40)


def corpus_value(metric: str, said: list[str], wanted: list[list[str]]) -> float:
    return float(block_of_texts(metric, said, wanted).totals[0])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("我喜欢北京。", ["我", "喜", "欢", "北", "京"]),
        ("iPhone手机，2024年", ["iPhone", "手", "机", "2024", "年"]),
        ("コーヒーを", ["コ", "ー", "ヒ", "ー", "を"]),
        ("ที่นี่", ["ที่", "นี่"]),  # a consonant with its vowel and tone
        ("ខ្ញុំ", ["ខ្", "ញុំ"]),
        ("ສະບາຍ", ["ສ", "ະ", "ບ", "າ", "ຍ"]),
        ("मैं हिन्दी बोलता हूँ।", ["मैं", "हिन्दी", "बोलता", "हूँ"]),
        ("안녕하세요 세계!", ["안녕하세요", "세계"]),
        ("می‌خواهم برم", ["میخواهم", "برم"]),  # a joiner stands inside the first word
        ("Привет, мир", ["Привет", "мир"]),
        ("", []),
    ],
)
def test_words_of_many_scripts(text: str, parts: list[str]) -> None:
    assert words(text) == parts


@pytest.mark.parametrize(
    ("metric", "prediction", "reference", "value"),
    [
        ("rouge_l", "我喜欢北京", "我喜欢上海", 60),  # three of five characters in order
        ("rouge_l", "北京", "北京。", 100),
        ("rouge_l", "カメラ", "カメ", 100 * 2 * (2 / 3) * 1 / (2 / 3 + 1)),
        ("rouge_l", "мир и дом", "мир и сад", 100 * 2 / 3),
        ("rouge_l", "he said", "मैं", 0),
        ("rouge_l", "我", "he said", 0),
        ("f1", "我喜欢北京。", "我喜欢上海", 60),
        ("f1", "ที่นี่", "ที่นั่น", 100 * 2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3)),
        ("f1", "the 北京 city", "北京", 100 * 2 * (2 / 3) * 1 / (2 / 3 + 1)),
        ("exact_match", "北京。", "北京", 100),
        ("exact_match", "हूँ।", "हूँ", 100),
        ("exact_match", "نعم؟", "نعم", 100),
        ("exact_match", "東京", "京都", 0),
        ("accuracy", "　はい", "はい", 100),  # an ideographic space is white space
    ],
)  # fmt: skip
def test_a_metric_agrees_with_a_person_in_any_script(
    metric: str, prediction: str, reference: str, value: float
) -> None:
    assert row_value(metric, prediction, [reference]) == pytest.approx(value)


@given(text=LATIN)
def test_text_in_latin_letters_is_cut_as_it_always_was(text: str) -> None:
    assert plain_words(text) == single_spaced(text.lower().translate(NO_PUNCTUATION))
    assert tokens(text) == text.split() and is_latin(text)


@given(texts=st.lists(st.text("我你他们北京上海，。abc ", min_size=1, max_size=12), min_size=2, max_size=4))
def test_characters_that_agree_can_only_raise_a_score(texts: list[str]) -> None:
    one, *others = texts
    assert row_value("rouge_l", one, [one]) in (0, 100)
    for other in others:
        assert 0 <= row_value("rouge_l", other, [one]) <= 100 and 0 <= row_value("f1", other, [one]) <= 100


def test_bleu_counts_characters_of_chinese_by_hand() -> None:
    """Five of six characters, three of five pairs, two of four threes, one of three fours; equal lengths."""
    said, wanted = "我们喜欢北京", "我们喜欢南京"
    counts = (5 / 6, 3 / 5, 2 / 4, 1 / 3)
    assert corpus_value("bleu", [said], [[wanted]]) == pytest.approx(100 * math.prod(counts) ** 0.25)


@pytest.mark.parametrize(
    ("references", "tokenizer"),
    [
        ([["The cat sat."], ["Ein Hund."]], "13a"),
        ([["Вот дом."], ["안녕하세요 세계"]], "13a"),
        ([["我们喜欢北京。"], ["GDP 增长了"]], "zh"),
        ([["私はバラを食べた。"]], "char"),
        ([["ฉันรักกรุงเทพ"], ["ขอบคุณ"]], "char"),
        ([["The Chinese for it is 北京."]], "13a"),
        ([["12"]], "13a"),
    ],
)
def test_bleu_is_cut_by_the_script_of_the_references(references: list[list[str]], tokenizer: str) -> None:
    assert tokenizer_for(references) == tokenizer


@pytest.mark.parametrize("tokenizer", ["13a", "zh", "char"])
def test_bleu_and_chrf_equal_sacrebleu_with_that_tokeniser(tokenizer: str) -> None:
    wanted = {
        "13a": ["The cat sat on the mat.", "It rained all day long."],
        "zh": ["我们昨天去了北京的公园。", "GDP 今年增长了百分之五。"],
        "char": ["昨日は公園に行きました。", "今日はとても寒いです。"],
    }[tokenizer]
    said = [text[:-3] + text[0] for text in wanted]
    expected = BLEU(tokenize=tokenizer, force=True).corpus_score(said, [wanted]).score
    assert corpus_value("bleu", said, [[each] for each in wanted]) == pytest.approx(expected)
    assert 10 < expected < 100
    chrf = CHRF().corpus_score(said, [wanted]).score
    assert corpus_value("chrf", said, [[each] for each in wanted]) == pytest.approx(chrf) and 10 < chrf < 100


def test_real_chinese_is_scored_between_nothing_and_all(real_data: Path) -> None:
    """Neighbouring sentences of FLORES-200 share some characters; by words each would be one word and score nothing."""
    lines = (real_data / "flores200_dev" / "zho_Hans.dev").read_text(encoding="utf-8").splitlines()[:40]
    others = lines[1:] + lines[:1]
    for metric in ("rouge_l", "f1"):
        same = [row_value(metric, line, [line]) for line in lines]
        apart = [row_value(metric, other, [line]) for line, other in zip(lines, others, strict=True)]
        assert set(same) == {100} and 1 < sum(apart) / len(apart) < 40
    assert tokenizer_for([[line] for line in lines]) == "zh"
    assert corpus_value("bleu", lines, [[line] for line in lines]) == pytest.approx(100)
    assert 0 < corpus_value("bleu", others, [[line] for line in lines]) < 10
