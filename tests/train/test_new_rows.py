"""Rows of new tokens learn by themselves: as a trie or plainly, in chunks, recomputed, replayed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_tuning import (
    NEW,
    RANKED_RUNS,
    SETTINGS,
    VOCABULARY,
    TinyModel,
    alike_examples,
    changed,
    gpt2,
    llama,
    losses,
    random_examples,
    run_tiny,
    with_new_rows,
)

from unseen.errors import ModelMistake, RecipeMistake
from unseen.model import readout as readout_module
from unseen.model.adapter import merged, trainable
from unseen.model.new_tokens import matrices
from unseen.model.readout import probe_examples, readout_of
from unseen.train.batch import Batch, plain_batch
from unseen.train.step import TrainStep
from unseen.train.trie_batch import trie_batches
from unseen.trie.check import Plain, trie_attention

Make = Callable[[], TinyModel]
MAKERS: dict[str, Make] = {"tied": lambda: llama(tied=True), "untied": llama, "gpt2": gpt2}
MODELS = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
METHODS = pytest.mark.parametrize("method", ["lora", "tokens"])


def prepared(make: Make, method: str) -> TinyModel:
    module = trainable(make().module, changed(SETTINGS, method=method, rank=4), 0, NEW)
    with torch.no_grad():  # so that the adapter is not the nothing that it starts as
        for name, each in module.named_parameters():
            if "lora_B" in name:
                each.add_(0.05 * torch.sin(torch.arange(each.numel())).reshape(each.shape))
    return TinyModel(module)


def loss_and_gradients(model: TinyModel, batches: list[Batch]) -> tuple[float, dict[str, torch.Tensor]]:
    step = TrainStep(model.module, readout_of(model.module, plain_batch(probe_examples(model.module))))
    assert step.readout.kind == "head"
    model.module.zero_grad()
    total = 0.0
    for batch in batches:
        loss = step(batch)
        loss.backward()
        total += float(loss.detach())
    return total, {name: each.grad.clone() for name, each in step.trained().items()}


def assert_equal(ours: tuple[float, dict[str, torch.Tensor]], theirs: tuple[float, dict[str, torch.Tensor]]) -> None:
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    assert set(ours[1]) == set(theirs[1])
    for name, gradient in theirs[1].items():
        assert float(gradient.norm()) > 0, name
        assert float((ours[1][name] - gradient).norm()) <= 1e-4 * float(gradient.norm()), name


@MODELS
@METHODS
def test_a_trie_is_plain_rows(make: Make, method: str) -> None:
    model, examples = prepared(make, method), alike_examples(12)
    attention = trie_attention(model.module)
    assert not isinstance(attention, Plain)
    tries = trie_batches(examples, attention, 10_000)
    assert sum(batch.nodes for batch in tries) < sum(batch.read for batch in tries)
    plain = loss_and_gradients(model, [plain_batch([each]) for each in examples])
    assert any("trainable_tokens" in name for name in plain[1])
    assert_equal(loss_and_gradients(model, tries), plain)


@MODELS
def test_the_gradient_of_a_row_is_that_of_the_whole_matrix_there(make: Make) -> None:
    """With every weight trainable, rows of the embedding's and head's gradients are what the rows alone get."""
    batches = [plain_batch(alike_examples(12))]
    alone = loss_and_gradients(prepared(make, "tokens"), batches)[1]
    whole = TinyModel(make().module.requires_grad_(True))
    gradients = loss_and_gradients(whole, batches)[1]
    names = {id(each): name for name, each in whole.module.named_parameters()}
    expected = [gradients[names[id(each)]][list(NEW)] for each in matrices(whole.module).values()]
    for ours, theirs in zip(alone.values(), expected, strict=True):
        assert float((ours - theirs).norm()) <= 1e-4 * float(theirs.norm())


@MODELS
def test_the_size_of_a_chunk_changes_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batches = prepared(make, "lora"), [plain_batch(alike_examples(12))]
    whole = loss_and_gradients(model, batches)
    monkeypatch.setattr(readout_module, "CHUNK_LOGITS", 7 * VOCABULARY)
    assert_equal(loss_and_gradients(model, batches), whole)


@MODELS
def test_rows_are_as_exact_under_bfloat16_as_in_one_batch_of_rows(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Error against float32 of the rows' gradients: tries with their head in chunks, beside plain rows in one."""
    model, examples = prepared(make, "tokens"), alike_examples(24)
    attention = trie_attention(model.module)
    assert not isinstance(attention, Plain)
    rows, tries = [plain_batch(examples)], trie_batches(examples, attention, 10_000)
    truth = flat(loss_and_gradients(model, rows))
    monkeypatch.setattr(TrainStep, "_precision", lambda self, device: torch.autocast(device, torch.bfloat16))
    plain = flat(loss_and_gradients(model, rows)) - truth
    monkeypatch.setattr(readout_module, "CHUNK_LOGITS", 7 * VOCABULARY)
    ours = flat(loss_and_gradients(model, tries)) - truth
    assert float(plain.norm()) > 0
    assert float(ours.norm()) <= 1.5 * float(plain.norm())  # a few rows: the two differ by chance too


def flat(found: tuple[float, dict[str, torch.Tensor]]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in found[1].values()])


@METHODS
def test_gradient_checkpointing_changes_nothing(method: str, tmp_path: Path) -> None:
    settings = changed(SETTINGS, method=method, rank=4)
    plain = run_tiny(with_new_rows(llama()), tmp_path / "off", settings)
    again = run_tiny(with_new_rows(llama()), tmp_path / "on", changed(settings, gradient_checkpointing=True))
    assert losses(again) == pytest.approx(losses(plain), rel=1e-6)


@MODELS
@pytest.mark.parametrize("method", ["lora", "tokens", "frozen"])
def test_tuning_changes_exactly_the_rows_that_learn(make: Make, method: str, tmp_path: Path) -> None:
    values = {"method": "lora", "new_rows": "frozen"} if method == "frozen" else {"method": method}
    settings = changed(SETTINGS, **values, rank=4, learning_rate=1e-2, weight_decay=0.1)
    tuned = run_tiny(with_new_rows(make()), tmp_path, settings)
    before, after = matrices(make().module), matrices(merged(tuned.model.module))
    assert len(before) == len(after)
    for side, rows in after.items():
        differing = (rows != before[side]).any(1).nonzero().flatten().tolist()
        assert differing == ([] if method == "frozen" else list(NEW))


@pytest.mark.parametrize("target", ["lm_head", "embed_tokens"])
@pytest.mark.parametrize("tied", [True, False])
def test_an_adapter_where_rows_learn_is_refused_in_one_line(target: str, tied: bool) -> None:
    """Of a tied head PEFT would say nothing, and read it without the rows."""
    settings = changed(SETTINGS, method="lora", rank=4, targets=(target, "q_proj"))
    with pytest.raises(ModelMistake, match=r"train\.targets.*new_rows: frozen") as told:
        trainable(llama(tied=tied).module, settings, 0, NEW)
    assert len(told.value.lines) == 1
    trainable(llama(tied=tied).module, changed(settings, new_rows="frozen"), 0, NEW)


def test_a_kept_step_of_new_rows_is_done_again_bit_by_bit(tmp_path: Path) -> None:
    for name in ("new rows", "new rows alone"):
        RANKED_RUNS[name](tmp_path / name)
        again = RANKED_RUNS[name].replayed(tmp_path / name)
        assert [done.again for done in again] == [done.kept for done in again]
        assert [done.differing for done in again] == [(), ()]


def test_a_run_is_not_resumed_with_other_tokens(tmp_path: Path) -> None:
    settings = changed(SETTINGS, method="tokens", steps=4, checkpoint_every=2)
    run_tiny(with_new_rows(llama()), tmp_path, settings)
    with pytest.raises(RecipeMistake, match="another tokens"):
        run_tiny(with_new_rows(llama(), ids=(20, 78)), tmp_path, settings, resume=True)


def test_a_tuned_model_says_the_same_once_its_rows_are_settled(tmp_path: Path) -> None:
    """What is asked after tuning is what the last validation measured, though the rows lie in the matrices by then."""
    held = random_examples(6, seed=9)
    settings = changed(SETTINGS, method="tokens", steps=3, learning_rate=1e-1)
    tuned = run_tiny(with_new_rows(llama()), tmp_path, settings, validation=held)
    step = TrainStep(tuned.model.module, readout_of(tuned.model.module, plain_batch(held)))
    with torch.no_grad():
        loss = float(step(plain_batch(held)))
    weight = sum(float(each.weights.sum()) for each in held)
    assert loss / weight == pytest.approx(tuned.steps[-1]["validation_loss"], rel=1e-5)
