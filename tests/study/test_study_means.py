"""How many arms fit beside each other, and what each of their processes is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.study import means
from unseen.study.launching import Machine, environment

GIB = 2**30


@pytest.mark.parametrize(
    "arms, needed, cores, memory, gpus, beside",
    [
        (8, GIB, 4, 64 * GIB, 0, 4),  # by cores
        (8, GIB, 16, 8 * GIB, 0, 4),  # by memory, and what a process takes itself
        (3, GIB, 16, 64 * GIB, 0, 3),  # by arms
        (8, 90 * GIB, 16, 64 * GIB, 0, 1),  # one, however large
        (8, 90 * GIB, 16, 64 * GIB, 2, 2),  # one a GPU
    ],
)
def test_arms_beside_each_other(arms: int, needed: int, cores: int, memory: int, gpus: int, beside: int) -> None:
    assert means.fitting(arms, needed, cores, memory, gpus) == beside


def test_memory_keeps_within_the_limit_of_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = means.memory()
    assert free > 0
    for name, number in [("LIMIT", 3 * 10**6), ("USED", 10**6)]:
        (tmp_path / name).write_text(f"{number}\n")
        monkeypatch.setattr(means, name, tmp_path / name)
    assert means.memory() == 2 * 10**6
    (tmp_path / "LIMIT").write_text("max\n")
    assert means.memory() > 2 * 10**6


def test_an_arm_gets_its_share_of_threads_unless_the_user_said_how_many() -> None:
    assert environment({}, 3)["OMP_NUM_THREADS"] == "3"
    assert environment({"OMP_NUM_THREADS": "7"}, 3)["OMP_NUM_THREADS"] == "7"
    assert environment({}, 0)["OMP_NUM_THREADS"] == "1"


def test_an_arm_is_no_part_of_the_launch_that_its_runner_is_part_of() -> None:
    launched = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "here", "MASTER_PORT": "1", "X": "y"}
    kept = environment(launched, 1)
    assert kept["X"] == "y" and not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"} & set(kept)


def test_each_gpu_has_one_arm(tmp_path: Path) -> None:
    machine = Machine(tmp_path, workers=3, cores=8, gpus=("2", "5"))
    given = [machine.device(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(3)]
    assert given == ["2", "5", "2"] and Machine(tmp_path, 1, 8).device(0) == {}
