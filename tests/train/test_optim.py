"""Optimizers, schedules, and the machine that a run stands on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tiny_tuning import changed, llama, losses, random_examples, run_tiny

from unseen.errors import MissingExtra, UserMistake
from unseen.train.machine import autocast_dtype
from unseen.train.optim import learning_rate, optimizer_of, seed_batch, warmup_steps
from unseen.train.ranks import check_processes

CPU = torch.device("cpu")


def rates(**values: object) -> list[float]:
    settings = changed(learning_rate=1.0, **values)
    return [round(learning_rate(settings, step, 10), 4) for step in range(10)]


def test_linear_falls_to_nothing_after_the_last_step() -> None:
    assert rates(schedule="linear") == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


def test_warm_up_rises_to_the_full_rate_in_steps_or_a_share_of_them() -> None:
    risen = [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]
    assert rates(schedule="constant", warmup=3) == risen
    assert rates(schedule="constant", warmup=0.3) == risen
    assert warmup_steps(changed(warmup=50), 10) == 10


def test_cosine_is_half_way_down_in_the_middle() -> None:
    assert rates(schedule="cosine", warmup=0)[::5] == [1.0, 0.5]
    assert rates(schedule="cosine", warmup=2)[2:7:4] == [1.0, 0.5]


def test_only_matrices_decay() -> None:
    trained = dict(llama().module.named_parameters())
    groups = optimizer_of(trained, changed(weight_decay=0.1)).param_groups
    decay = {id(each): group["weight_decay"] for group in groups for each in group["params"]}
    assert {name: decay[id(each)] for name, each in trained.items()} == {
        name: 0.0 if "norm" in name else 0.1 for name in trained
    }


def test_adafactor_tunes_with_less_state_than_adamw(tmp_path: Path) -> None:
    kept = {}
    for name in ("adamw", "adafactor"):
        settings = changed(optimizer=name, steps=24, learning_rate=2e-2, schedule="constant")
        fallen = losses(run_tiny(llama(), tmp_path / name, settings, examples=random_examples(4)))
        assert fallen[-1] < 0.8 * fallen[0]
        kept[name] = (tmp_path / name / "checkpoints" / "step-000024" / "optimizer.safetensors").stat().st_size
    assert kept["adafactor"] < 0.5 * kept["adamw"]


def test_clipping_bounds_the_update_and_the_norm_is_told_as_it_was(tmp_path: Path) -> None:
    free = run_tiny(llama(), tmp_path / "free", changed(clip=None, steps=1))
    bound = run_tiny(llama(), tmp_path / "bound", changed(clip=1e-9, steps=1))
    assert free.steps[0]["grad_norm"] == bound.steps[0]["grad_norm"] > 1e-9
    start = dict(llama().module.named_parameters())
    moved = {
        name: max(float((each - start[key]).abs().max().detach()) for key, each in run.model.module.named_parameters())
        for name, run in (("free", free), ("bound", bound))
    }
    assert moved["bound"] < 0.2 * moved["free"]


def test_a_step_draws_the_same_whatever_came_before() -> None:
    drawn = []
    for step, batch in ((3, 0), (4, 0), (3, 0), (3, 1)):
        seed_batch(2**32 - 1, step, batch)
        drawn.append(float(torch.rand(1)))
    assert drawn[0] == drawn[2]
    assert len(set(drawn)) == 3


def test_omp_dynamic_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_DYNAMIC", "TRUE")
    with pytest.raises(UserMistake, match="unset OMP_DYNAMIC"):
        run_tiny(llama(), tmp_path)


def test_fewer_processes_than_asked_for_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserMistake, match="2 processes were asked for and 1 run"):
        run_tiny(llama(), tmp_path, processes=2)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    with pytest.raises(UserMistake, match="asked for several processes and started one"):
        run_tiny(llama(), tmp_path)
    check_processes(2, None, {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "ACCELERATE_MIXED_PRECISION": "no"})


def test_a_tracker_that_is_not_installed_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match="unseen\\[track\\]"):
        run_tiny(llama(), tmp_path, changed(tracker=["wandb"]))


def test_bfloat16_products_leave_float32_weights_and_a_falling_loss(tmp_path: Path) -> None:
    settings = changed(steps=24, learning_rate=2e-2, precision="bfloat16")
    tuned = run_tiny(llama(), tmp_path / "bf16", settings, examples=random_examples(4))
    exact = run_tiny(llama(), tmp_path / "f32", changed(settings, precision="float32"), examples=random_examples(4))
    assert (tuned.precision, exact.precision) == ("bfloat16", "float32")
    assert losses(tuned)[0] == pytest.approx(losses(exact)[0], rel=2e-2)
    assert losses(tuned)[0] != losses(exact)[0]
    assert losses(tuned)[-1] < 0.75 * losses(tuned)[0]
    assert all(each.dtype == torch.float32 for each in tuned.model.module.parameters())


def test_weights_loaded_in_bfloat16_are_tuned_in_float32(tmp_path: Path) -> None:
    model = llama()
    model.module.bfloat16()
    before = model.module.lm_head.weight.detach().float()
    tuned = run_tiny(model, tmp_path, changed(learning_rate=1e-6))
    after = tuned.model.module.lm_head.weight.detach()
    assert after.dtype == torch.float32
    assert float((after != before).float().mean()) > 0.9


def test_auto_is_bfloat16_exactly_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for capabilities, dtype in (({"avx512_bf16": True}, torch.bfloat16), ({"avx2": True}, None)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        assert autocast_dtype("auto", CPU) == dtype
        assert autocast_dtype("float32", CPU) is None
        assert autocast_dtype("bfloat16", CPU) == torch.bfloat16
