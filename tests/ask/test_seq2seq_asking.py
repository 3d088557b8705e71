"""Laws of asking encoder-decoders: transformers' own scores and generations, whatever runs together; sources once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from encoder_decoders import random_model, save_encoder_decoder

from unseen.ask.backend import ask
from unseen.ask.cache import AnswerCache
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Choose, Generate, Question
from unseen.ask.ranking import ranking_scores
from unseen.encode.format import pair_format
from unseen.errors import ModelMistake
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.prompt.example import Example, Segment
from unseen.trie.seq2seq_check import check_encoder_decoder

FAMILIES = ["t5", "flan", "bart"]
families = pytest.mark.parametrize("family", FAMILIES)
OPTIONS = ["yes", "no", "maybe", "the film", "not at all, no", "a", "good note"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.set_num_threads(1)
    return {family: save_encoder_decoder(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(scope="module")
def loaded(folders: dict[str, Path]) -> dict[str, LanguageModel]:
    return {family: load_model(resolve(str(folder))) for family, folder in folders.items()}


class Theirs:
    """transformers by itself: its tokenizer, its model, its loss and its `generate`, a row at a time."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()

    def log_prob(self, source: str, target: str) -> float:
        given = self.tokenizer(source, return_tensors="pt")
        labels = self.tokenizer(text_target=target, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            loss = self.model(input_ids=given["input_ids"], labels=labels).loss
        return -float(loss) * labels.shape[1]

    def said(self, source: str, most: int) -> str:
        given = self.tokenizer(source, return_tensors="pt")["input_ids"]
        ids = self.model.generate(input_ids=given, max_new_tokens=most, do_sample=False, num_beams=1)[0]
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))


@pytest.fixture(scope="module")
def theirs(folders: dict[str, Path]) -> dict[str, Theirs]:
    return {family: Theirs(folder) for family, folder in folders.items()}


def example(row: int, choices: tuple[str, ...] | None = None) -> Example:
    drawn = random.Random(row)
    text = " ".join(drawn.choices(OPTIONS, k=drawn.randint(1, 9)))
    return Example("toy/task", "asked", "test", row, (Segment("user", text),), choices)


def choosing(rows: int, **settings: Any) -> list[Question]:
    return [Choose(example(row, tuple(OPTIONS[: 1 + row % 7])), **settings) for row in range(rows)]


def generating(rows: int, most: int = 9, **settings: Any) -> list[Question]:
    return [Generate(example(row), most, **settings) for row in range(rows)]


def backend(model: LanguageModel, **settings: Any) -> HfBackend:
    return HfBackend(model, pair_format("auto", model.tokenizer), **{"batch_tokens": 400, **settings})


@families
def test_choices_are_those_of_a_plain_computation(
    family: str, loaded: dict[str, LanguageModel], theirs: dict[str, Theirs]
) -> None:
    questions = choosing(14)
    assert backend(loaded[family]).reading == "shared sources"
    for question, answer in zip(questions, ask(backend(loaded[family]), questions), strict=True):
        options = question.example.choices or ()
        expected = [theirs[family].log_prob(question.example.prompt, option) for option in options]
        assert answer.log_probs == pytest.approx(expected, rel=1e-5, abs=1e-4)
        assert answer.chosen == max(range(len(expected)), key=expected.__getitem__)
        assert answer.text == options[answer.chosen]
        labels = theirs[family].tokenizer(text_target=list(options))["input_ids"]
        assert answer.lengths == tuple(map(len, labels))


@families
def test_unconditional_is_an_empty_source_and_tokens_the_mean(
    family: str, loaded: dict[str, LanguageModel], theirs: dict[str, Theirs]
) -> None:
    given = ask(backend(loaded[family]), choosing(7, scoring="unconditional"))
    for question, answer in zip(choosing(7), given, strict=True):
        empty = [theirs[family].log_prob("", option) for option in question.example.choices or ()]
        assert answer.unconditional == pytest.approx(empty, rel=1e-5, abs=1e-4)
        scores = ranking_scores(answer, "unconditional")
        assert answer.chosen == max(range(len(scores)), key=scores.__getitem__)
    means = ask(backend(loaded[family]), choosing(7, scoring="tokens"))
    for answer in means:
        each = [total / length for total, length in zip(answer.log_probs, answer.lengths, strict=True)]
        assert answer.chosen == max(range(len(each)), key=each.__getitem__)


@families
def test_generations_are_those_of_transformers_generate(
    family: str, loaded: dict[str, LanguageModel], theirs: dict[str, Theirs]
) -> None:
    questions = generating(14)
    answers = ask(backend(loaded[family]), questions)
    assert [each.text for each in answers] == [theirs[family].said(each.example.prompt, 9) for each in questions]
    assert len({each.text for each in answers}) > 3


@families
def test_answers_depend_neither_on_budget_nor_on_order(family: str, loaded: dict[str, LanguageModel]) -> None:
    questions = [*choosing(9), *generating(9)]
    expected = ask(backend(loaded[family], batch_tokens=10_000), questions)
    mixed = random.Random(1).sample(range(len(questions)), len(questions))
    found = ask(backend(loaded[family], batch_tokens=30), [questions[place] for place in mixed])
    for place, answer in zip(mixed, found, strict=True):
        assert answer.text == expected[place].text
        assert answer.log_probs == pytest.approx(expected[place].log_probs, rel=1e-5, abs=1e-5)


def counted(module: Any) -> list[int]:
    """Filled with the rows of each call of `module`."""
    rows: list[int] = []
    module.register_forward_hook(lambda _, __, output: rows.append(len(output[0])))
    return rows


@families
def test_a_source_is_read_once_for_its_options_and_its_generation(family: str, folders: dict[str, Path]) -> None:
    model = load_model(resolve(str(folders[family])))
    asked = backend(model, batch_tokens=5000)
    encoder = counted(model.module.get_encoder())
    same = [replace(each.example, row=100 + n) for n, each in enumerate(choosing(7)[6:] * 3)]
    ask(asked, [Choose(each) for each in same])
    assert encoder == [1]
    ask(asked, [Generate(each, 5) for each in same])
    assert encoder == [1, 1]


class Refusing:
    """A model that may not be asked: what it answers must come from the cache."""

    def __init__(self, inner: HfBackend) -> None:
        self.digest, self.key = inner.digest, inner.key

    def answer(self, questions: list[Question]) -> Iterator[tuple[int, Answer]]:
        assert not questions, f"{len(questions)} questions were not in the cache"
        return iter(())


def test_answers_are_known_again_and_another_model_is_asked(loaded: dict[str, LanguageModel], tmp_path: Path) -> None:
    questions = [*choosing(5), *choosing(5, scoring="unconditional"), *generating(5)]
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        first = ask(backend(loaded["t5"]), questions, cache)
        again = ask(Refusing(backend(loaded["t5"])), questions, cache)
        assert [replace(each, cached=False) for each in again] == [replace(each, cached=False) for each in first]
        with pytest.raises(AssertionError, match="15 questions were not"):
            ask(Refusing(backend(loaded["flan"])), questions, cache)


def test_a_generation_ends_before_a_stop_string_and_within_its_length(
    loaded: dict[str, LanguageModel], theirs: dict[str, Theirs]
) -> None:
    (long,) = ask(backend(loaded["bart"]), [Generate(example(3), 12)])
    stop = long.text[4:6]
    (brief,) = ask(backend(loaded["bart"]), [Generate(example(3), 12, (stop,))])
    assert brief.text == long.text[: long.text.find(stop)]


def test_a_source_and_a_generation_each_have_the_whole_context(loaded: dict[str, LanguageModel]) -> None:
    """BART counts positions of source and target apart: neither takes room from the other."""
    model = loaded["bart"]
    assert model.context == 512
    text = Example("toy/task", "x", "test", 0, (Segment("user", "a" * 505),))
    (answer,) = ask(backend(model, batch_tokens=2000), [Generate(text, 20)])
    assert not answer.cut
    with pytest.raises(ModelMistake, match=r"too short to generate 512; lower evaluate\.max_new_tokens"):
        ask(backend(model), [Generate(text, 512)])


@pytest.mark.parametrize("family", ["t5", "flan", "mt5", "umt5", "bart", "pegasus", "mbart"])
def test_families_that_read_pairs_pass_the_check(family: str) -> None:
    check_encoder_decoder(random_model(family, 60), family)


def test_a_mixture_of_experts_is_refused_with_one_line(tmp_path: Path) -> None:
    folder = save_encoder_decoder(tmp_path / "switch", "switch")
    line = "with a mixture of experts, in which a row depends on the rows beside it; choose a model of the T5 or BART"
    with pytest.raises(ModelMistake, match=line):
        backend(load_model(resolve(str(folder))))


def test_a_decoder_that_reads_its_targets_otherwise_is_refused() -> None:
    """ProphetNet predicts several tokens ahead with streams of its own; no small copy of it can be made either."""
    from transformers import ProphetNetConfig, ProphetNetForConditionalGeneration

    sizes = {f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("attention_heads", "layers")}
    config = ProphetNetConfig(
        vocab_size=60, hidden_size=24, encoder_ffn_dim=8, decoder_ffn_dim=8, decoder_start_token_id=1,
        **{f"num_{name}": count for name, count in sizes.items()},
    )  # fmt: skip
    with pytest.raises(ModelMistake, match="prophet: is an encoder-decoder that cannot be tried"):
        check_encoder_decoder(ProphetNetForConditionalGeneration(config), "prophet")
