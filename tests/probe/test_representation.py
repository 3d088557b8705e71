"""Distances of a new token to the words that describe it, against vectors that are put there by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import DataMistake
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.model.new_tokens import with_tokens
from unseen.probe.representation import representation
from unseen.recipe import TokenSettings

DESCRIPTION = "A short note in braces, with a place and a verdict."
WORDS = ["place", "verdict"]
TEXTS = ["Answer in the <sep> format.", "<sep>, please."]


@pytest.fixture
def model(home: Path) -> LanguageModel:
    folder = resolve("tiny-random-llama")
    return with_tokens(load_model(folder), {"<sep>": TokenSettings(description=DESCRIPTION)}, seed=0)


def test_at_the_embedding_it_is_the_distance_of_two_rows(model: LanguageModel) -> None:
    """The token's row is put where 'place' is: 0 to it, and to 'verdict' what the two words are apart."""
    table = model.module.get_input_embeddings().weight
    spelled = model.tokenizer.split([f" {word}" for word in WORDS])
    own = [[each for each, (_, end) in zip(word.ids, word.offsets, strict=True) if end > 1] for word in spelled]
    vectors = [table[ids].mean(0) for ids in own]  # a piece that is the space alone is none of the word
    with torch.no_grad():
        table[model.tokenizer.id_of("<sep>")] = vectors[0]
    [found] = representation(model, "<sep>", DESCRIPTION, WORDS, [], [0])
    apart = float((vectors[0] - vectors[1]).detach().norm())
    assert dict(found.by_word) == {"place": pytest.approx(0, abs=1e-6), "verdict": pytest.approx(apart, rel=1e-5)}
    assert found.mean == pytest.approx(apart / 2, rel=1e-5) and found.others > found.mean


def test_a_word_has_no_row_of_spaces_where_the_tokenizer_puts_a_space_before_it(
    model: LanguageModel, tmp_path: Path
) -> None:
    """As Llama 2's does: a space of ours would be a second one, and two of them are one token."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    spelled = ["<unk>", "▁", "▁▁", *"note", "no", "not", "note", "▁note"]
    merges = [("▁", "▁"), ("n", "o"), ("no", "t"), ("not", "e"), ("▁", "note")]
    bpe = Tokenizer(models.BPE({each: place for place, each in enumerate(spelled)}, merges, unk_token="<unk>"))
    bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bpe.decoder = decoders.Metaspace()
    bpe.save(str(tmp_path / "tokenizer.json"))
    own = replace(model, tokenizer=load_tokenizer(tmp_path, tokens=("<sep>",)))
    table = model.module.get_input_embeddings().weight
    with torch.no_grad():
        table[own.tokenizer.id_of("<sep>")] = table[spelled.index("▁note")]
    [found] = representation(own, "<sep>", DESCRIPTION, ["note"], [], [0])
    assert found.mean == 0


def test_in_context_it_is_the_state_where_the_token_stands(model: LanguageModel) -> None:
    first, last = representation(model, "<sep>", DESCRIPTION, WORDS, TEXTS, [1, 2])
    assert (first.layer, last.layer) == (1, 2) and first.mean > 0 and last.mean > 0
    index, begin = model.tokenizer.id_of("<sep>"), [*model.tokenizer.begin] or model.tokenizer.ids("\n").tolist()

    def states_of(ids: list[int]) -> torch.Tensor:
        states = model.module.model(torch.tensor([begin + ids]), output_hidden_states=True).hidden_states[1][0]
        return states[len(begin) :].detach()

    own, rest = [], []
    for text in TEXTS:
        ids = model.tokenizer.ids(text).tolist()
        for token, state in zip(ids, states_of(ids), strict=True):
            (own if token == index else rest).append(state)
    assert len(own) == 2
    spelled = model.tokenizer.split([DESCRIPTION])[0]
    described, vectors = states_of(spelled.ids), []
    for word in WORDS:
        start = DESCRIPTION.index(word)
        pieces = [n for n, (low, high) in enumerate(spelled.offsets) if low < start + len(word) and high > start]
        vectors.append(described[pieces].mean(0))
    expected = [sum(float((state - vector).norm()) for state in own) / 2 for vector in vectors]
    assert [distance for _, distance in first.by_word] == pytest.approx(expected, rel=1e-4)
    mean = sum(float((state - vector).norm()) for state in rest for vector in vectors) / (2 * len(rest))
    assert first.others == pytest.approx(mean, rel=1e-4)


def test_a_word_is_where_it_is_wherever_it_stands_in_the_description(model: LanguageModel) -> None:
    """The first state of a text is far from everything in many models, so that it is read behind a beginning."""
    with torch.no_grad():
        first = model.tokenizer.begin or model.tokenizer.ids("\n").tolist()
        model.module.get_input_embeddings().weight[first[0]] *= 1e4
    [found] = representation(model, "<sep>", "place and verdict", ["place", "verdict"], TEXTS, [0])
    [context] = representation(model, "<sep>", "place and verdict", ["place", "verdict"], TEXTS, [1])
    assert max(distance for _, distance in context.by_word) < 100 * found.mean and context.others < 100 * found.mean


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"token": "<none>"}, "'<none>' is no token of the model"),
        ({"words": ["colour"]}, "'colour' does not stand in the description"),
        ({"texts": ["No token here."]}, "the token does not stand in: No token here."),
        ({"texts": []}, "a layer in context needs texts"),
        ({"layers": [9]}, "there is no layer 9; layers are 0 to 2"),
    ],
)
def test_mistakes_are_told(model: LanguageModel, changed: dict[str, object], told: str) -> None:
    asked = {"token": "<sep>", "description": DESCRIPTION, "words": WORDS, "texts": TEXTS, "layers": [1]}
    with pytest.raises(DataMistake, match=told):
        representation(model, **{**asked, **changed})
