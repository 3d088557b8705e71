"""What a run stands on: processes, device and precision. A run that asks for more than it gets is an error."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Literal

import torch

from unseen.errors import MissingExtra, RecipeMistake, UserMistake
from unseen.recipe import TrainSettings


def refuse_omp_dynamic() -> None:
    """`OMP_DYNAMIC` lets OpenMP change its threads inside a product: NaN under bf16 autocast in 19 of 19 runs."""
    if os.environ.get("OMP_DYNAMIC", "").strip().lower() in ("true", "1", "yes", "on"):
        raise UserMistake("OMP_DYNAMIC", "is set to TRUE, which makes losses not a number", "unset OMP_DYNAMIC")


def start(settings: TrainSettings, out: Path, processes: int | None) -> Any:
    """The accelerate `Accelerator` of this run; precision is the step's own business, not its.

    `processes` is how many the caller asked for, None for what the launcher says. Raises `UserMistake` when there
    are fewer, and `MissingExtra` for a tracker that is not installed.
    """
    refuse_omp_dynamic()
    for tracker in settings.tracker:
        if importlib.util.find_spec(tracker) is None:
            raise MissingExtra("track", f"the tracker '{tracker}'")
    from accelerate import Accelerator

    # Only told of it does accelerate join several processes on a machine that has nothing but processors.
    cpu = not torch.accelerator.is_available()
    trackers = list(settings.tracker) or None
    accelerator = Accelerator(cpu=cpu, mixed_precision="no", log_with=trackers, project_dir=str(out))
    check_processes(int(accelerator.num_processes), processes, os.environ)
    return accelerator


def check_processes(got: int, asked: int | None, environment: Any) -> None:
    """Raise `UserMistake` when the launcher or the caller asked for another number of processes than run."""
    wanted = asked if asked is not None else int(environment.get("WORLD_SIZE", got))
    if got != wanted:
        raise UserMistake("", f"{wanted} processes were asked for and {got} run", "start it with torchrun")
    # `accelerate launch --cpu --num_processes 2` announces a main process and then starts a single one.
    announced = "MASTER_ADDR" in environment and "ACCELERATE_MIXED_PRECISION" in environment
    if got == 1 and announced and "WORLD_SIZE" not in environment:
        raise UserMistake("accelerate launch", "asked for several processes and started one", "start it with torchrun")


def autocast_dtype(precision: Literal["auto", "float32", "bfloat16"], device: torch.device) -> torch.dtype | None:
    """bfloat16 where it is asked for, or where `auto` finds hardware that multiplies it; else None.

    Raises `RecipeMistake` when bfloat16 is asked of a CUDA device that does not have it.
    """
    if precision == "float32":
        return None
    if precision == "auto":
        return torch.bfloat16 if has_bfloat16(device) else None
    if device.type == "cuda" and not has_bfloat16(device):
        raise RecipeMistake("train.precision", "this device has no bfloat16", "set train.precision to float32")
    return torch.bfloat16


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16: CUDA from Ampere on, CPUs with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
