"""Numbers of diversity, worked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.diversify.diversity import distinct, diversity, self_bleu, shares
from unseen.errors import ModelMistake


def test_distinct_n_worked_by_hand() -> None:
    words = [["a", "b", "a"], ["a", "b"]]
    assert distinct(words, 1) == pytest.approx(2 / 5)
    assert distinct(words, 2) == pytest.approx(2 / 3)
    assert distinct(words, 3) == 1.0 and distinct(words, 4) == 0.0


def test_self_bleu_is_100_for_copies_and_low_for_strangers() -> None:
    assert self_bleu(["the cat sat on the mat"] * 3, 0) == pytest.approx(100)
    strangers = ["the cat sat on the mat", "please boil two eggs", "prime numbers never end"]
    assert self_bleu(strangers, 0) < 15
    assert self_bleu(["alone"], 0) is None
    assert self_bleu(["one two three four"] * 2 + strangers, 3, most=2) == self_bleu(
        ["one two three four"] * 2 + strangers, 3, most=2
    )


def test_shares_of_beginnings() -> None:
    told = diversity(["Write a poem.", "Write a song.", "Name a river.", "write!"], 0)
    assert told["first_words"] == {"write": 0.75, "name": 0.25} and told["distinct_first_words"] == 2
    assert told["first_two_words"] == pytest.approx({"write a": 2 / 3, "name a": 1 / 3})
    assert (told["texts"], told["mean_words"]) == (4, 2.5)
    assert list(shares([chr(97 + n) for n in range(20)])) == list("abcdefghij")


def test_no_texts_have_no_diversity() -> None:
    told = diversity([], 0)
    assert (told["texts"], told["distinct_1"], told["self_bleu"], told["mean_words"]) == (0, 0.0, None, 0.0)


def test_the_spread_is_the_mean_cosine_distance_of_pairs(tmp_path: Path) -> None:
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    from unseen.ask.embedding import embedding_spread, embeddings

    folder = tmp_path / "model" / "0_Transformer"
    words = ["[PAD]", "[UNK]", "red", "green", "blue", "one", "two"]
    plain = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        folder
    )
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=7, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    transformers.BertModel(config).save_pretrained(folder)
    texts = ["red", "green blue one two", "one"]
    vectors = embeddings(folder.parent, texts)
    alone = torch.cat([embeddings(folder, [text]) for text in texts])
    assert torch.allclose(vectors, alone, atol=1e-5), "padding leaks into the mean"
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = sum(1 - float(torch.cosine_similarity(alone[i], alone[j], dim=0)) for i, j in pairs) / 3
    assert embedding_spread(folder.parent, texts) == pytest.approx(expected, abs=1e-5)
    assert embedding_spread(folder.parent, ["red", "red"]) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ModelMistake, match="is no embedding model"):
        embedding_spread(tmp_path, texts)
