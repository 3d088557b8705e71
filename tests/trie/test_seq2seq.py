"""Laws of encoder-decoders: sources that are read once give the loss, gradients and scores of one plain row a pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_seq2seq import FAMILIES, bart, budgets, ids_of, own_loss, pair_sets, random_pairs, t5

from unseen.encode.pairs import Pair
from unseen.errors import ModelMistake
from unseen.model.backbone import base_of
from unseen.recipe import TrainSettings
from unseen.train.mode import tuning_mode
from unseen.train.step import TrainStep
from unseen.trie.seq2seq import decoder_start, option_log_probs, pair_batches, seq2seq_readout

MODULES = {name: make() for name, make in FAMILIES.items()}
STEPS = {name: TrainStep(module, seq2seq_readout(module)) for name, module in MODULES.items()}
laws = settings(max_examples=12, deadline=None)
families = pytest.mark.parametrize("name", FAMILIES)

Found = tuple[float, dict[str, torch.Tensor]]


def gradients(module: Any, losses: list[Callable[[], torch.Tensor]]) -> Found:
    """The sum of the losses and the gradients of it."""
    module.zero_grad()
    total = 0.0
    for one in losses:
        loss = one()
        loss.backward()
        total += float(loss.detach())
    return total, {name: each.grad.clone() for name, each in module.named_parameters() if each.grad is not None}


def plain(name: str, pairs: list[Pair]) -> Found:
    module = MODULES[name]
    return gradients(module, [lambda pair=pair: own_loss(module, pair) for pair in pairs])  # type: ignore[misc]


def shared(name: str, pairs: list[Pair], budget: int) -> Found:
    module, step = MODULES[name], STEPS[name]
    batches = pair_batches(pairs, decoder_start(module), budget)
    return gradients(module, [lambda batch=batch: step(batch) for batch in batches])  # type: ignore[misc]


def assert_equal(ours: Found, theirs: Found) -> None:
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    assert ours[1].keys() == theirs[1].keys()
    whole = sum(float(gradient.norm()) ** 2 for gradient in theirs[1].values()) ** 0.5
    for name, gradient in theirs[1].items():
        # What is nearly nothing beside the whole gradient is rounding.
        limit = 1e-4 * max(float(gradient.norm()), 1e-2 * whole)
        assert float((ours[1][name] - gradient).norm()) <= limit, name


@families
@given(pairs=pair_sets, budget=budgets)
@laws
def test_loss_and_gradients_are_those_of_one_row_a_pair(name: str, pairs: list[Pair], budget: int) -> None:
    assert_equal(shared(name, pairs, budget), plain(name, pairs))


@given(pairs=pair_sets, budget=budgets, order=st.randoms(use_true_random=False))
@laws
def test_neither_budget_nor_order_changes_the_result(pairs: list[Pair], budget: int, order: Any) -> None:
    whole = shared("t5", pairs, 10_000)
    mixed = list(pairs)
    order.shuffle(mixed)
    assert_equal(shared("t5", mixed, budget), whole)


@families
def test_gradient_checkpointing_changes_nothing(name: str) -> None:
    pairs = random_pairs(3, 8)
    expected = shared(name, pairs, 60)
    runs = {asked: runs_of_a_layer(name, pairs, asked) for asked in (False, True)}
    assert runs[True][1] == 2 * runs[False][1]  # once forward, once again for the gradient
    assert_equal(runs[False][0], expected)
    assert_equal(runs[True][0], expected)


def runs_of_a_layer(name: str, pairs: list[Pair], checkpointing: bool) -> tuple[Found, int]:
    """Loss and gradients as tuning takes them, and how often the encoder's first matrix product was done."""
    encoder, calls = base_of(MODULES[name]).get_encoder(), []
    product = next(each for each in encoder.modules() if isinstance(each, torch.nn.Linear))
    hook = product.register_forward_pre_hook(lambda *_: calls.append(1))
    asked = TrainSettings(gradient_checkpointing=checkpointing)
    with tuning_mode(MODULES[name], asked, torch.device("cpu")):
        found = shared(name, pairs, 60)
    hook.remove()
    return found, len(calls)


def counted(encoder: Any) -> list[int]:
    """Filled with the number of rows of each call of `encoder`."""
    rows: list[int] = []
    encoder.register_forward_pre_hook(lambda _, __, given: rows.append(len(given["input_ids"])), with_kwargs=True)
    return rows


@pytest.mark.parametrize("make", [t5, bart], ids=["t5", "bart"])
def test_equal_sources_are_read_once(make: Any) -> None:
    module, draw = make(), np.random.default_rng(0)
    sources = [ids_of(draw, length) for length in (12, 7)]
    pairs = [Pair(f"{n}", sources[n % 2], ids_of(draw, 4), np.ones(4, np.float32)) for n in range(10)]
    rows = counted(module.get_encoder())
    (batch,) = pair_batches(pairs, decoder_start(module), 10_000)
    batch.outputs(module)
    assert rows == [2]
    assert (batch.computed, batch.read) == (2 * 12 + 10 * 4, 5 * (12 + 7) + 10 * 4)


@families
def test_states_come_from_before_the_head(name: str) -> None:
    """No family runs its head over padding, and T5's states are scaled as T5 scales them."""
    readout = STEPS[name].readout
    assert readout.kind == "head"
    assert (readout.scale != 1.0) == (name in ("t5", "umt5", "t5, LoRA"))


def test_logits_that_are_the_models_own_give_the_same_loss() -> None:
    """Families that change their logits in a way nobody told us about: BART with a bias behind its head."""
    module = bart()
    module.final_logits_bias.normal_()
    readout = seq2seq_readout(module)
    assert readout.kind == "own"
    pairs = random_pairs(5, 6)
    loss = sum(float(TrainStep(module, readout)(batch).detach()) for batch in pair_batches(pairs, 2, 80))
    assert loss == pytest.approx(sum(float(own_loss(module, pair).detach()) for pair in pairs), rel=1e-5)


def test_a_silent_batch_has_no_loss_and_no_gradient() -> None:
    (batch,) = pair_batches(random_pairs(1, 3), 0, 1000)
    total, found = gradients(MODULES["t5"], [lambda: STEPS["t5"](batch.silent())])
    assert total == 0.0
    assert all(not gradient.any() for gradient in found.values())
    assert batch.to(torch.device("cpu")).ids == batch.ids


def own_log_prob(module: Any, source: Any, option: Any) -> float:
    with torch.no_grad():
        return -float(own_loss(module, Pair("", source, option, np.ones(len(option), np.float32))))


@families
@given(seed=st.integers(0, 2**20), budget=budgets)
@laws
def test_choosing_gives_the_log_probabilities_of_plain_rows(name: str, seed: int, budget: int) -> None:
    draw = np.random.default_rng(seed)
    questions = [
        (ids_of(draw, int(draw.integers(1, 20))), [ids_of(draw, int(draw.integers(1, 5))) for _ in range(count)])
        for count in draw.integers(1, 6, 4)
    ]
    module = MODULES[name]
    parts = list(option_log_probs(module, STEPS[name].readout, questions, budget))
    found = dict(answer for part in parts for answer in part)
    assert sum(map(len, parts)) == len(found) == len(questions)
    for number, (source, options) in enumerate(questions):
        scores = found[number]
        assert scores == pytest.approx([own_log_prob(module, source, option) for option in options], rel=1e-5, abs=1e-4)


def test_choosing_reads_a_source_once_and_one_token_options_in_one_row() -> None:
    module, source = t5(), np.arange(2, 20, dtype=np.int32)
    letters = [np.array([letter], dtype=np.int32) for letter in (5, 6, 7, 8)]
    encoder, decoder = counted(module.get_encoder()), counted(module.get_decoder())
    readout = seq2seq_readout(module)
    del encoder[:], decoder[:]
    ((number, scores),) = next(option_log_probs(module, readout, [(source, letters)], 1000))
    assert number == 0
    assert (encoder, decoder) == ([1], [1])
    assert scores == pytest.approx([own_log_prob(module, source, letter) for letter in letters], abs=1e-5)


def test_without_questions_there_is_nothing_to_read() -> None:
    assert list(option_log_probs(MODULES["t5"], STEPS["t5"].readout, [], 100)) == []


def test_a_decoder_without_a_start_is_refused() -> None:
    module = t5()
    module.config.decoder_start_token_id = None
    with pytest.raises(ModelMistake, match="does not say what its decoder begins with"):
        decoder_start(module)
