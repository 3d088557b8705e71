"""NEFTune's noise: as large as the paper says, the same however a step is cut, and only where the model learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_tuning import (
    VOCABULARY,
    alike_examples,
    changed,
    llama,
    losses,
    parameters_of,
    random_examples,
    run_tiny,
    t5,
    with_lora,
    with_new_rows,
)
from transformers.integrations.neftune import neftune_post_forward_hook

from unseen.encode.encoded import Encoded
from unseen.errors import ModelMistake, RecipeMistake
from unseen.train.batch import plain_batches
from unseen.train.dealing import dealing_of
from unseen.train.noise import with_noise
from unseen.train.trie_batch import trie_deal
from unseen.trie.check import trie_attention

WIDTH, ALPHA = 16, 5.0
NOISY = changed(embedding_noise=ALPHA, batches="plain", steps=5)


def noise_of(examples: Sequence[Encoded], step: int = 0, seed: int = 0, batch_tokens: int = 64) -> dict[str, Any]:
    """What is added to each example's embedded tokens, [length, WIDTH], by its id; its padding gets nothing."""
    embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
    torch.nn.init.zeros_(embedding.weight)
    found: dict[str, list[torch.Tensor]] = {}
    for batch in with_noise(plain_batches(examples, batch_tokens), NOISY, seed, step):

        def network(input_ids: Any, batch: Any = batch, **_: Any) -> list[torch.Tensor]:
            embedded = embedding(input_ids)
            for name, row, mask in zip(batch.ids, embedded, batch.mask.bool(), strict=True):
                assert not row[~mask].any()
                found.setdefault(name, []).append(row[mask].detach())
            return [embedded]

        network.get_input_embeddings = lambda: embedding  # type: ignore[attr-defined]
        batch.outputs(network)
        assert not embedding(torch.tensor([3])).any(), "afterwards the embedding is as it was"
    return found


@given(count=st.integers(1, 9), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_it_is_uniform_up_to_alpha_over_the_root_of_length_times_width(count: int, seed: int) -> None:
    examples = random_examples(count, seed)
    for example in examples:
        (noise,) = noise_of(examples, seed=seed)[example.id]
        bound = ALPHA / sqrt(len(example.ids) * WIDTH)
        assert noise.shape == (len(example.ids), WIDTH) and noise.abs().max() <= bound
        assert noise.abs().max() > 0.8 * bound and abs(noise.mean()) < 0.4 * bound


def test_it_is_as_large_as_that_of_transformers() -> None:
    """On a row without padding, whose length transformers takes as we do: largest number and mean size."""
    example = random_examples(1)[0]
    embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
    torch.nn.init.zeros_(embedding.weight)
    embedding.neftune_noise_alpha = ALPHA
    embedding.register_forward_hook(neftune_post_forward_hook)
    ids = torch.from_numpy(example.ids.astype("int64"))[None]
    theirs = torch.cat([embedding(ids)[0].detach() for _ in range(20)]).abs()
    ours = torch.cat([noise_of([example], step)[example.id][0] for step in range(20)]).abs()
    assert float(ours.max()) == pytest.approx(float(theirs.max()), rel=0.01)
    assert float(ours.mean()) == pytest.approx(float(theirs.mean()), rel=0.05)


@given(batch_tokens=st.integers(24, 400), others=st.integers(0, 8))
@settings(deadline=None, max_examples=20)
def test_an_examples_noise_knows_neither_its_micro_batch_nor_the_others(batch_tokens: int, others: int) -> None:
    examples = random_examples(9)
    alone = noise_of(examples[:1])[examples[0].id]
    among = noise_of(examples[: others + 1], batch_tokens=batch_tokens)[examples[0].id]
    assert torch.equal(alone[0], among[0])


def test_every_step_seed_and_example_has_its_own() -> None:
    first, second = (replace(each, ids=random_examples(1)[0].ids, weights=random_examples(1)[0].weights)
                     for each in random_examples(2))  # fmt: skip
    drawn = [
        *(noise_of([first], step, seed)[first.id][0] for step in (0, 1) for seed in (0, 1)),
        noise_of([second])[second.id][0],
        noise_of([first, first])[first.id][1],
    ]
    assert all(not torch.equal(a, b) for place, a in enumerate(drawn) for b in drawn[:place])


@pytest.mark.parametrize("make", [llama, lambda: with_lora(llama()), lambda: with_new_rows(llama(tied=True))])
def test_one_loss_however_the_step_is_cut(tmp_path: Path, make: Any) -> None:
    values = {"method": "full"} if make is llama else {"method": "lora", "rank": 4}
    few = run_tiny(make(), tmp_path / "few", changed(NOISY, batch_tokens=400, **values))
    many = run_tiny(make(), tmp_path / "many", changed(NOISY, batch_tokens=24, **values))
    assert losses(few) == pytest.approx(losses(many), rel=1e-5)
    for name, each in parameters_of(few).items():
        torch.testing.assert_close(each, parameters_of(many)[name], rtol=1e-4, atol=1e-5)


def test_it_is_there_in_training_and_not_in_validation(tmp_path: Path) -> None:
    """With a learning rate that changes no weight, so that the model is the same in both runs."""
    held, still = random_examples(4, seed=9), changed(NOISY, learning_rate=1e-30, validate_every=1)
    noisy = run_tiny(llama(), tmp_path / "noisy", still, validation=held)
    silent = run_tiny(llama(), tmp_path / "silent", changed(still, embedding_noise=None), validation=held)
    assert all(a != b for a, b in zip(losses(noisy), losses(silent), strict=True))
    assert [a["validation_loss"] for a in noisy.steps] == [b["validation_loss"] for b in silent.steps]


def test_resumed_is_uninterrupted(tmp_path: Path) -> None:
    six = changed(NOISY, steps=6, checkpoint_every=3)
    whole = run_tiny(llama(), tmp_path / "whole", six)
    run_tiny(llama(), tmp_path / "cut", six)
    (tmp_path / "cut" / "checkpoints" / "step-000006" / "state.json").unlink()
    again = run_tiny(llama(), tmp_path / "cut", six, resume=True)
    assert losses(again) == losses(whole)
    for name, each in parameters_of(whole).items():
        assert torch.equal(parameters_of(again)[name], each), name


def test_what_has_no_vector_of_its_own_for_each_example_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="a trie shares vectors; set batches: plain"):
        changed(embedding_noise=ALPHA)
    with pytest.raises(ModelMistake, match="embedding_noise is for decoders"):
        dealing_of(t5(), NOISY, torch.device("cpu"))  # type: ignore[arg-type]
    dealing = SimpleNamespace(deal=trie_deal(trie_attention(llama().module), 64))  # type: ignore[arg-type]
    with pytest.raises(RecipeMistake, match=r"train\.embedding_noise: is drawn for each example"):
        with_noise(dealing.deal(alike_examples(4)), NOISY, 0, 0)
