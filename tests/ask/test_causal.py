"""Reading a prompt once for all its options is exact: equal to running every option in a row of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unseen.ask.batches import batches, shared_start
from unseen.ask.causal import check_causal, continuation_log_probs, greedy, read_prompts
from unseen.errors import ModelMistake

FAMILIES = ["Llama", "Gemma2", "Mistral", "Qwen3", "GPT2", "GPTNeoX", "Bloom"]
NEVER = frozenset({-1})


def ids(seed: int, *lengths: int) -> list[list[int]]:
    drawn = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 256, (length,), generator=drawn).tolist() for length in lengths]


def alone(module: Any, prompt: list[int], option: list[int]) -> float:
    """The straightforward computation: one row, no padding, no cache."""
    with torch.inference_mode():
        logits = module(input_ids=torch.tensor([prompt + option])).logits[0].double().log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(option) - 1)
    return float(sum(logits[place, token] for place, token in zip(places, option, strict=True)))


def generated_alone(module: Any, prompt: list[int], most: int) -> list[int]:
    said: list[int] = []
    for _ in range(most):
        with torch.inference_mode():
            said.append(int(module(input_ids=torch.tensor([prompt + said])).logits[0, -1].argmax()))
    return said


@pytest.mark.parametrize("family", FAMILIES)
def test_options_from_a_shared_cache_equal_one_row_each(family: str, tiny_model: Callable[..., Any]) -> None:
    module = tiny_model(family)
    prompts = ids(1, 17, 3, 9, 1)
    options = ids(2, 4, 1, 1, 7, 2)
    rows = [0, 0, 1, 2, 3]
    with torch.inference_mode():
        found = continuation_log_probs(module, read_prompts(module, prompts), rows, options)
    expected = [alone(module, prompts[row], option) for row, option in zip(rows, options, strict=True)]
    assert found == pytest.approx(expected, abs=2e-5)
    assert len(set(expected)) == len(expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_start_that_is_read_once_equals_one_row_each(family: str, tiny_model: Callable[..., Any]) -> None:
    module = tiny_model(family)
    start, *rests = ids(5, 70, 17, 3, 9, 1, 5)
    prompts = [start + rest for rest in rests]
    assert shared_start(prompts) == len(start)
    options = ids(6, 4, 1, 7, 2, 3)
    rows = list(range(len(prompts)))
    with torch.inference_mode():
        found = continuation_log_probs(module, read_prompts(module, prompts), rows, options)
        said = greedy(module, read_prompts(module, prompts), 5, NEVER, lambda said: False)
    expected = [alone(module, prompt, option) for prompt, option in zip(prompts, options, strict=True)]
    assert found == pytest.approx(expected, abs=2e-5)
    assert said == [generated_alone(module, prompt, 5) for prompt in prompts]


@given(
    starts=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=40), min_size=1, max_size=4),
    rests=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=12),
    tokens=st.integers(1, 400),
    most=st.none() | st.integers(1, 5),
)
def test_every_prompt_is_in_one_batch_within_the_budget(
    starts: list[list[int]], rests: list[list[int]], tokens: int, most: int | None
) -> None:
    prompts = dict(enumerate(start + rest for start in starts for rest in rests))
    made = batches(prompts, tokens, most)
    assert sorted(key for batch in made for key in batch) == sorted(prompts)
    for batch in made:
        longest = max(len(prompts[key]) for key in batch)
        assert len(batch) == 1 or (longest * len(batch) <= tokens and len(batch) <= (most or len(batch)))
        shared = shared_start([prompts[key] for key in batch])
        assert len({tuple(prompts[key][:shared]) for key in batch}) == 1
        assert all(len(prompts[key]) > shared for key in batch)


@pytest.mark.parametrize("family", FAMILIES)
def test_generation_in_a_batch_equals_each_prompt_alone(family: str, tiny_model: Callable[..., Any]) -> None:
    module = tiny_model(family)
    prompts = ids(3, 12, 2, 7)
    with torch.inference_mode():
        together = greedy(module, read_prompts(module, prompts), 9, NEVER, lambda said: False)
    assert together == [generated_alone(module, prompt, 9) for prompt in prompts]


def test_a_row_stops_at_an_end_token_or_when_finished_and_the_others_go_on(tiny_model: Callable[..., Any]) -> None:
    module = tiny_model()
    prompts = ids(4, 5, 8, 11)
    free = [generated_alone(module, prompt, 8) for prompt in prompts]
    end = next(token for token in free[0][2:] if token not in free[0][:2] + free[1] + free[2])
    with torch.inference_mode():
        ended = greedy(module, read_prompts(module, prompts), 8, frozenset({end}), lambda said: False)
        finished = greedy(module, read_prompts(module, prompts), 8, NEVER, lambda said: said == free[1][:3])
    assert ended == [free[0][: free[0].index(end)], free[1], free[2]]
    assert finished == [free[0], free[1][:3], free[2]]


def test_a_model_with_a_recurrent_state_is_refused() -> None:
    from transformers import RecurrentGemmaConfig, RecurrentGemmaForCausalLM

    config = RecurrentGemmaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, lru_width=16
    )
    with pytest.raises(ModelMistake, match="recurrent"):
        check_causal(RecurrentGemmaForCausalLM(config))
