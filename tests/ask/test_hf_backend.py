"""Laws of the backend: answers do not depend on budget or order, choices may be ragged, the cache knows its model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from unseen.ask import hf
from unseen.ask.backend import ask
from unseen.ask.cache import AnswerCache
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Choose, Generate, Question
from unseen.encode.format import Format, end_ids
from unseen.encode.options import encode_options, encode_prompt
from unseen.encode.trie import trie_of
from unseen.errors import DataMistake, ModelMistake
from unseen.prompt.example import Example, Segment

PLAIN = Format("plain")
WORDS = ["yes", "no", "perhaps", "it is", "not at all", "a", "never mind"]


def example(row: int, choices: tuple[str, ...] | None = None) -> Example:
    drawn = random.Random(row)
    text = " ".join(drawn.choices(WORDS, k=drawn.randint(1, 12)))
    return Example("toy/task", "asked", "test", row, (Segment("user", text),), choices)


def ragged(rows: int, **settings: Any) -> list[Question]:
    return [Choose(example(row, tuple(WORDS[: 1 + row % 7])), **settings) for row in range(rows)]


def backend(model: Any, **settings: Any) -> HfBackend:
    return HfBackend(model, PLAIN, **{"batch_tokens": 512, "max_tokens": 200, **settings})


class Refusing:
    """A model that may not be asked: what it answers must come from the cache."""

    def __init__(self, inner: HfBackend) -> None:
        self.digest, self.key = inner.digest, inner.key

    def answer(self, questions: list[Question]) -> Iterator[tuple[int, Answer]]:
        assert not questions, f"{len(questions)} questions were not in the cache"
        return iter(())


FAMILIES = ["Llama", "Gemma2", "Mistral", "GPT2", "Bloom"]  # the last cannot read tries


@pytest.mark.parametrize("family", FAMILIES)
def test_choosing_equals_one_row_at_a_time(
    family: str, language_model: Callable[..., Any], tiny_model: Callable[..., Any]
) -> None:
    model = language_model(tiny_model(family))
    assert backend(model).reading.startswith("plain: " if family == "Bloom" else "trie")
    questions = ragged(20)
    for question, answer in zip(questions, ask(backend(model), questions), strict=True):
        prompt, options = encode_options(question.example, model.tokenizer, PLAIN, 200)
        expected = [row_log_prob(model.module, prompt.tolist(), option.tolist()) for option in options]
        assert answer.log_probs == pytest.approx(expected, abs=1e-4)
        assert answer.chosen == max(range(len(expected)), key=expected.__getitem__)
        assert answer.text == (question.example.choices or ())[answer.chosen]
        assert answer.lengths == tuple(map(len, options))


def row_log_prob(module: Any, prompt: list[int], option: list[int]) -> float:
    with torch.inference_mode():
        logits = module(input_ids=torch.tensor([prompt + option])).logits[0].float().log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + place, token]) for place, token in enumerate(option))


def test_every_distinct_token_is_computed_once_and_the_head_where_options_are_scored(
    language_model: Callable[..., Any],
) -> None:
    model = language_model()
    shots = "Say yes to yes and no to no.\n" * 4
    asked = [replace(each.example, segments=(Segment("user", shots + each.example.prompt),)) for each in ragged(12)]
    read, scored = set(), set()
    for prompt, options in (encode_options(each, model.tokenizer, PLAIN, 200) for each in asked):
        for option in options:
            ids = (*prompt.tolist(), *option.tolist())
            read |= {ids[:length] for length in range(1, len(ids))}
            scored |= {ids[:length] for length in range(len(prompt), len(ids))}
    tuned = backend(model)
    sizes: dict[str, int] = {"computed": 0, "headed": 0}
    model.module.get_input_embeddings().register_forward_hook(counting(sizes, "computed"))
    model.module.get_output_embeddings().register_forward_hook(counting(sizes, "headed"))
    ask(tuned, [Choose(each) for each in asked])
    assert sizes == {"computed": len(read), "headed": len(scored)}


def counting(sizes: dict[str, int], name: str) -> Callable[..., None]:
    def count(module: Any, inputs: Any, output: Any) -> None:
        sizes[name] += output.shape[:-1].numel()

    return count


@pytest.mark.parametrize("family", ["Llama", "Bloom"])
def test_memory_is_that_of_some_questions_and_answers_those_of_all(
    family: str, language_model: Callable[..., Any], tiny_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = language_model(tiny_model(family))
    shots = "Say yes to yes and no to no.\n"
    asked = [replace(each.example, segments=(Segment("user", shots + each.example.prompt),)) for each in ragged(12)]
    questions = [*(Choose(each, "unconditional") for each in asked), *(Generate(each, 4) for each in asked)]
    expected = ask(backend(model, batch_tokens=150), questions)
    known: list[str] = []
    for name in ("encode_choices", "encode_question"):
        monkeypatch.setattr(f"unseen.ask.hf.{name}", noting(known, getattr(hf, name)))
    monkeypatch.setattr(hf, "AT_ONCE", 5)
    monkeypatch.setattr("unseen.ask.batches.PART", 300)
    for place in ("scoring", "prompts"):
        monkeypatch.setattr(f"unseen.ask.{place}.trie_of", at_most(310))
    answering = backend(model).answer(questions)
    first, _ = next(answering)
    assert first < 5 and set(known) == {each.id for each in asked[:5]}
    found = dict(backend(model, batch_tokens=150).answer(questions))
    for index, answer in enumerate(expected):
        assert (found[index].chosen, found[index].text) == (answer.chosen, answer.text)
        assert found[index].log_probs == pytest.approx(answer.log_probs, abs=1e-4)
        assert found[index].unconditional == pytest.approx(answer.unconditional, abs=1e-4)


def test_a_question_becomes_tokens_once_for_its_key_and_its_answer(
    tmp_path: Path, language_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [*ragged(6), *(Generate(example(row), 3) for row in range(6, 9))]
    known: list[str] = []
    for name in ("encode_choices", "encode_question"):
        monkeypatch.setattr(hf, name, noting(known, getattr(hf, name)))
    asked = backend(language_model())
    keys = [asked.key(question) for question in questions]
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        ask(asked, questions, cache)
    assert known == [each.example.id for each in questions]
    assert [asked.key(question) for question in questions] == keys
    assert len(known) == 2 * len(questions), "what was answered is still held"
    monkeypatch.setattr(hf, "AT_ONCE", 4)
    for question in [*ragged(20), *ragged(3)]:
        asked.key(question)
    assert len(known) == 2 * len(questions) + 20 - 6 + 3, "more is held than may be at once"


def at_most(tokens: int) -> Callable[..., Any]:
    def made(sequences: Any, weights: Any) -> Any:
        assert sum(map(len, sequences)) <= tokens, "a trie as large as all questions"
        return trie_of(sequences, weights)

    return made


def noting(known: list[str], encode: Callable[..., Any]) -> Callable[..., Any]:
    def noted(example: Example, *more: Any) -> Any:
        known.append(example.id)
        return encode(example, *more)

    return noted


@pytest.mark.parametrize("scoring", ["sum", "tokens", "unconditional"])
def test_answers_do_not_depend_on_the_budget_or_the_order_of_rows(
    scoring: str, language_model: Callable[..., Any]
) -> None:
    model = language_model()
    questions = [*ragged(24, scoring=scoring), *(Generate(example(row), 6) for row in range(6))]
    answers = ask(backend(model), questions)
    order = random.Random(0).sample(range(len(questions)), len(questions))
    for budget in (1, 64, 100_000):
        shuffled = ask(backend(model, batch_tokens=budget), [questions[place] for place in order])
        for place, answer in zip(order, shuffled, strict=True):
            assert (answer.chosen, answer.text) == (answers[place].chosen, answers[place].text)
            assert answer.log_probs == pytest.approx(answers[place].log_probs, abs=1e-4)
            assert answer.unconditional == pytest.approx(answers[place].unconditional, abs=1e-4)


def test_each_scoring_ranks_by_its_own_quantity(language_model: Callable[..., Any]) -> None:
    model = language_model()
    for scoring in ("sum", "tokens", "unconditional"):
        for answer in ask(
            backend(model), [each for each in ragged(30, scoring=scoring) if len(each.example.choices) > 1]
        ):
            scores = {
                "sum": list(answer.log_probs),
                "tokens": [a / b for a, b in zip(answer.log_probs, answer.lengths, strict=True)],
                "unconditional": [
                    a - b for a, b in zip(answer.log_probs, answer.unconditional or answer.log_probs, strict=True)
                ],
            }[scoring]
            best, second = sorted(scores, reverse=True)[:2]
            assert (scores[answer.chosen or 0], answer.margin) == (best, pytest.approx(best - second))
            assert bool(answer.unconditional) == (scoring == "unconditional")


def test_open_options_leave_the_end_token_out(language_model: Callable[..., Any]) -> None:
    model = language_model()
    ended, open_ = (ask(backend(model, options=options), ragged(7)) for options in ("ended", "open"))
    for with_end, without in zip(ended, open_, strict=True):
        assert [length - 1 for length in with_end.lengths] == list(without.lengths)
        assert all(a < b for a, b in zip(with_end.log_probs, without.log_probs, strict=True))


def said_alone(model: Any, prompt: str, most: int) -> str:
    """The straightforward computation: the whole row again for every token, greedily, to the end token."""
    ids = encode_prompt(question(prompt), model.tokenizer, PLAIN, 200).tolist()
    said: list[int] = []
    for _ in range(most):
        with torch.inference_mode():
            best = int(model.module(input_ids=torch.tensor([ids + said])).logits[0, -1].argmax())
        if best in end_ids(model.tokenizer, PLAIN):
            break
        said.append(best)
    return str(model.tokenizer.decode(said))


def question(prompt: str) -> Example:
    return Example("toy/task", "asked", "test", 0, (Segment("user", prompt),))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("budget", [1, 150, 100_000])
def test_generation_equals_each_prompt_alone(
    family: str, budget: int, language_model: Callable[..., Any], tiny_model: Callable[..., Any]
) -> None:
    model = language_model(tiny_model(family))
    shots = ["Yes to no. ", "Yes to no. No to yes. ", ""]
    asked = [shots[row % 3] + example(row).prompt for row in range(8)]
    asked += [asked[0], asked[0][:-3], asked[0] + " and more"]
    answers = ask(backend(model, batch_tokens=budget), [Generate(question(prompt), 5) for prompt in asked])
    assert [answer.text for answer in answers] == [said_alone(model, prompt, 5) for prompt in asked]


def test_a_start_of_many_prompts_is_computed_once_over_all_batches(language_model: Callable[..., Any]) -> None:
    model = language_model()
    prompts = ["Yes to no and no to yes. " * 4 + example(row).prompt for row in range(12)]
    encoded = [encode_prompt(question(each), model.tokenizer, PLAIN, 200).tolist() for each in prompts]
    tuned, sizes = backend(model, batch_tokens=400), {"computed": 0}
    model.module.get_input_embeddings().register_forward_hook(counting(sizes, "computed"))
    ask(tuned, [Generate(question(each), 1) for each in prompts])
    assert sizes["computed"] == len({tuple(ids[:length]) for ids in encoded for length in range(1, len(ids) + 1)})


def test_generation_stops_before_a_stop_string(language_model: Callable[..., Any]) -> None:
    model = language_model()
    [free] = ask(backend(model), [Generate(example(3), 12)])
    stop = free.text[4:6]
    [stopped] = ask(backend(model), [Generate(example(3), 12, (stop,))])
    assert len(free.text) > 6
    assert stopped.text == free.text[: free.text.index(stop)]


def test_a_prompt_that_was_fitted_to_length_is_marked(language_model: Callable[..., Any]) -> None:
    from unseen.prompt.example import Span

    text = "Say yes or no: " + "word " * 60
    long = Example(
        "toy/task", "asked", "test", 0, (Segment("user", text, spans=(Span(15, len(text), ("t",)),)),), ("yes", "no")
    )
    cut, whole = ask(backend(language_model(), max_tokens=100), [Choose(long), Choose(example(1, ("yes", "no")))])
    assert (cut.cut, whole.cut) == (True, False)


def test_the_cache_answers_as_the_model_did(tmp_path: Path, language_model: Callable[..., Any]) -> None:
    model = backend(language_model())
    questions = [*ragged(9, scoring="unconditional"), Generate(example(2), 5)]
    fresh = ask(model, questions)
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        first = ask(model, questions, cache)
        again = ask(Refusing(model), questions, cache)
    assert [answer.cached for answer in first] == [False] * 10
    assert [answer.cached for answer in again] == [True] * 10
    for cached, answer in zip(again, fresh, strict=True):
        assert (cached.text, cached.chosen, cached.lengths) == (answer.text, answer.chosen, answer.lengths)
        assert cached.log_probs == pytest.approx(answer.log_probs, abs=1e-4)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`")  # peft reads transformers' old name
def test_a_changed_model_is_never_answered_from_the_cache(tmp_path: Path, language_model: Callable[..., Any]) -> None:
    from peft import LoraConfig, get_peft_model

    model = language_model()
    questions = ragged(5)
    with AnswerCache(tmp_path / "answers.sqlite") as cache:

        def cached(backend: HfBackend) -> list[bool]:
            return [answer.cached for answer in ask(backend, questions, cache)]

        plain = backend(model)
        assert not any(cached(plain)) and all(cached(plain))
        adapted = language_model(get_peft_model(model.module, LoraConfig(r=2, target_modules="all-linear")))
        tuned = backend(adapted)
        assert not any(cached(tuned)) and all(cached(tuned))
        with torch.no_grad():  # an optimizer step on the adapter, seen by a backend that exists already
            next(p for name, p in adapted.module.named_parameters() if "lora_B" in name).add_(0.1)
        assert not any(cached(tuned)) and all(cached(tuned))
        with adapted.module.disable_adapter():
            assert not any(cached(tuned)) and all(cached(tuned))
        assert all(cached(tuned))
        adapted.module.to(torch.bfloat16)
        assert not any(cached(tuned))
        assert not any(cached(backend(adapted, options="open")))


def test_asking_leaves_the_model_in_its_mode(language_model: Callable[..., Any]) -> None:
    model = language_model()
    model.module.train()
    ask(backend(model), ragged(2))
    assert model.module.training


def test_an_empty_choice_is_the_users_mistake(language_model: Callable[..., Any]) -> None:
    with pytest.raises(DataMistake, match=r"toy/task\|asked\|test/0: answer choice 2 is empty"):
        ask(backend(language_model(), options="open"), [Choose(example(0, ("yes", "")))])


def test_what_cannot_be_asked_is_the_users_mistake(language_model: Callable[..., Any]) -> None:
    nothing = Example("toy/task", "asked", "test", 4, (Segment("user", ""),), ("yes", "no"), separator="")
    with pytest.raises(DataMistake, match=r"test/4: has a prompt without a token"):
        ask(backend(language_model()), [Choose(nothing)])
    with pytest.raises(ModelMistake, match=r"context of 64 tokens.*lower evaluate\.max_new_tokens"):
        ask(backend(language_model(context=64)), [Generate(example(1), 64)])
