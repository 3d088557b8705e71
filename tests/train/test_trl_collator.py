"""The collator and the loss for other trainers: the loss and the gradients of plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_tuning
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import MambaConfig, MambaForCausalLM, MixtralConfig, MixtralForCausalLM

from unseen.encode.one_batch import one_batch, one_edge_a_node
from unseen.encode.trie import trie_of
from unseen.errors import DataMistake, ModelMistake
from unseen.train.trl import IGNORED, TrieCollator, TrieLoss

Row = dict[str, list[int]]

tokens = st.lists(st.integers(3, 6), min_size=1, max_size=12)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows over four tokens, so that they share beginnings, some of them twice, with any tokens left out."""
    made = [_row(draw, ids) for ids in draw(st.lists(tokens, min_size=1, max_size=6))]
    return made + made[: draw(st.integers(0, 2))]


def _row(draw: st.DrawFn, ids: list[int]) -> Row:
    learned = draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    return {"input_ids": ids, "labels": [i if yes else IGNORED for i, yes in zip(ids, learned, strict=True)]}


def plain(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """The rows padded, as TRL's own collator pads them."""
    width = max(len(row["input_ids"]) for row in rows)
    return {
        "input_ids": torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in rows]),
        "attention_mask": torch.tensor([[int(i < len(row["input_ids"])) for i in range(width)] for row in rows]),
        "labels": torch.tensor([row["labels"] + [IGNORED] * (width - len(row["labels"])) for row in rows]),
    }


def loss_and_gradient(module: Any, batch: dict[str, Any], items: Any) -> tuple[float, torch.Tensor]:
    """transformers' own loss of a batch, divided by `items`, and its gradient."""
    module.zero_grad()
    loss = module(**batch, num_items_in_batch=items).loss
    loss.backward()
    return float(loss.detach()), gradient(module)


def gradient(module: Any) -> torch.Tensor:
    return torch.cat([each.grad.flatten() for each in module.parameters()])


@settings(deadline=None, max_examples=40)
@given(rows())
def test_loss_and_gradients_are_those_of_plain_rows(given_rows: list[Row]) -> None:
    module = tiny_tuning.llama().module
    shared = TrieCollator(module)(given_rows)
    expected_batch = plain(given_rows)
    items = (expected_batch["labels"][:, 1:] != IGNORED).sum()
    assert int((shared["labels"][:, 1:] != IGNORED).sum()) == int(items), "a trainer counts the same labels"
    if not items:
        return
    expected, theirs = loss_and_gradient(module, expected_batch, items)
    loss, ours = loss_and_gradient(module, shared, items)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert float((ours - theirs).norm()) <= 1e-4 * float(theirs.norm())


@settings(deadline=None, max_examples=20)
@given(rows())
def test_the_loss_with_its_head_where_something_is_asked_is_the_models_own(given_rows: list[Row]) -> None:
    module = tiny_tuning.llama().module
    batch = TrieCollator(module)(given_rows)
    items = int((batch["labels"][:, 1:] != IGNORED).sum())
    if not items:
        return
    trainer = trainer_of(ranks=1)
    for asked in (None, torch.tensor(items + 5)):
        expected, theirs = loss_and_gradient(module, batch, items if asked is None else asked)
        module.zero_grad()
        loss = trainer.compute_loss(module, dict(batch), num_items_in_batch=asked)
        loss.backward()
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
        assert float((gradient(module) - theirs).norm()) <= 1e-4 * float(theirs.norm())


def trainer_of(ranks: int) -> TrieLoss:
    trainer = TrieLoss()
    trainer.accelerator = SimpleNamespace(num_processes=ranks)
    trainer.args = SimpleNamespace(average_tokens_across_devices=True)
    return trainer


def test_data_parallelism_divides_by_what_the_loss_was_multiplied_with() -> None:
    module = tiny_tuning.llama().module
    batch = TrieCollator(module)([{"input_ids": [3, 4, 5], "labels": [IGNORED, 4, 5]}])
    losses = [trainer_of(ranks).compute_loss(module, dict(batch), num_items_in_batch=7) for ranks in (1, 4)]
    assert float(losses[1].detach()) == pytest.approx(4 * float(losses[0].detach()))


def test_shared_beginnings_are_computed_once() -> None:
    trunk = list(range(3, 43))
    given_rows = [{"input_ids": [*trunk, end, 2], "labels": [IGNORED] * 40 + [end, 2]} for end in range(50, 58)]
    batch = TrieCollator(tiny_tuning.llama().module)(given_rows)
    # The trunk, eight ends, and a copy of the trunk's last token for seven of the eight that ask after it.
    assert batch["input_ids"].shape == (1, 40 + 8 + 7 + 1)
    assert batch["attention_mask"].shape == (1, 1, 4, 56), "on a CPU unseen's own attention reads it"


def test_rows_that_share_nothing_are_padded_rows() -> None:
    given_rows = [{"input_ids": [start, 4, 5, 2], "labels": [IGNORED, 4, 5, 2]} for start in (10, 11, 12)]
    batch = TrieCollator(tiny_tuning.llama().module)(given_rows)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0]] * 3
    assert sorted(batch["input_ids"][:, :3].tolist()) == [[10, 4, 5], [11, 4, 5], [12, 4, 5]]


def test_a_row_of_a_batch_has_one_root() -> None:
    """What attention over tries on a CPU counts on."""
    rows = [{"input_ids": [3, 4, end, 2]} for end in range(5, 9)]
    batch = TrieCollator(tiny_tuning.llama().module)(rows)
    assert batch["position_ids"].shape[0] == 4, "the first token's successor is learned four times"
    for ids, position in zip(batch["input_ids"], batch["position_ids"], strict=True):
        assert [int(at) for at, number in enumerate(position.tolist()) if number == 0 and ids[at]] == [0]


@settings(deadline=None)
@given(st.lists(tokens, min_size=1, max_size=8))
def test_no_node_has_two_edges_and_every_sequence_keeps_its_own(sequences: list[list[int]]) -> None:
    arrays = [np.array(ids, dtype=np.int32) for ids in sequences]
    trie = one_edge_a_node(trie_of(arrays, [np.ones(len(ids), dtype=np.float32) for ids in arrays]))
    assert len(np.unique(trie.sources)) == len(trie.sources) == sum(len(ids) - 1 for ids in sequences)
    assert trie.weights.tolist() == [1.0] * len(trie.sources)
    for number, ids in enumerate(sequences):
        edges = trie.asked[trie.starts[number] : trie.starts[number + 1]]
        assert trie.targets[edges].tolist() == ids[1:]
        for edge, length in zip(edges, range(1, len(ids)), strict=True):
            assert _path(trie, int(trie.sources[edge])) == ids[:length]


def _path(trie: Any, node: int) -> list[int]:
    seen = [i for i in range(len(trie)) if i <= node < trie.end[i]]
    assert trie.position[seen].tolist() == list(range(len(seen)))
    assert [-1, *seen[:-1]] == trie.parent[seen].tolist()
    return list(trie.ids[seen].tolist())


def test_a_batch_without_a_label_is_a_batch() -> None:
    """The last batch of an epoch, or one of a rank, may hold nothing to learn."""
    batch = TrieCollator(tiny_tuning.llama().module)([{"input_ids": [3, 4], "labels": [IGNORED, IGNORED]}])
    assert batch["input_ids"].shape == batch["labels"].shape == (1, 1)
    assert bool((batch["labels"] == IGNORED).all())


def test_masks_become_labels_where_there_are_none_yet() -> None:
    collate = TrieCollator(tiny_tuning.llama().module)
    masked = {"input_ids": [3, 4, 5, 6], "completion_mask": [0, 0, 1, 1], "assistant_masks": [0, 1, 1, 0]}
    assert collate([masked])["labels"].tolist() == [[IGNORED, IGNORED, 5]]
    assert collate([{"input_ids": [3, 4, 5]}])["labels"].tolist() == [[IGNORED, 4, 5]]


def test_rows_are_dealt_to_even_rows() -> None:
    """A batch is one array: a wide row beside narrow ones would be mostly padding."""

    def starting(with_token: int, count: int) -> list[np.ndarray]:
        return [np.array([with_token, *[7] * 20, 50 + end, 2], dtype=np.int32) for end in range(count)]

    sequences = [*starting(3, 40), *starting(4, 2), *starting(5, 2), *starting(6, 2)]
    weights = [np.array([0.0] * 21 + [1.0, 1.0], dtype=np.float32) for _ in sequences]
    arrays = one_batch(sequences, weights)
    one_row_each = 4 * (21 + 40 + 39 + 1)
    assert arrays.ids.size < 0.8 * one_row_each


def test_labels_of_other_tokens_are_refused() -> None:
    with pytest.raises(DataMistake, match="not the tokens of their row"):
        TrieCollator(tiny_tuning.llama().module)([{"input_ids": [3, 4, 5], "labels": [IGNORED, 9, 5]}])


def test_models_that_cannot_take_the_batch_are_refused() -> None:
    eager = tiny_tuning.llama(attn_implementation="eager").module
    with pytest.raises(ModelMistake, match="attn_implementation='sdpa'"):
        TrieCollator(eager)
    config = MixtralConfig(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, num_local_experts=2, router_aux_loss_coef=0.02,
    )  # fmt: skip
    experts = MixtralForCausalLM(config)
    with pytest.raises(ModelMistake, match="mixture of experts"):
        TrieCollator(experts)


def test_a_model_that_fails_the_check_is_refused_with_its_reason() -> None:
    config = MambaConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, state_size=4)
    with pytest.raises(ModelMistake, match=r"Mamba.*use TRL's own collator") as caught:
        TrieCollator(MambaForCausalLM(config))
    assert "runs attention as" not in str(caught.value), "the check speaks first"


def test_where_there_is_an_accelerator_the_mask_is_one_that_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    module = tiny_tuning.llama().module
    trunk = [5, 9, 7, 4]
    given_rows = [{"input_ids": [*trunk, end, 2], "labels": [*[IGNORED] * 4, end, 2]} for end in (50, 51, 52)]
    shared = TrieCollator(module)(given_rows)
    assert shared["attention_mask"].shape == (1, 1, 10, 10) and shared["attention_mask"].dtype == torch.bool
    expected, theirs = loss_and_gradient(module, plain(given_rows), 6)
    loss, ours = loss_and_gradient(module, shared, 6)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert float((ours - theirs).norm()) <= 1e-4 * float(theirs.norm())
