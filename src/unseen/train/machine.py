"""What a run stands on: device and precision. A run that asks for more than it gets is an error."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from unseen.errors import MissingExtra, RecipeMistake, UserMistake
from unseen.recipe import TrainSettings
from unseen.train.ranks import Ranks

SHARDING = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What numbers are computed on. Where all of it is equal, equal work gives equal bits on a processor; on a GPU
    (`kind` cuda) some sums have no fixed order."""

    kind: str
    device: str
    threads: int
    torch: str
    precision: str


def machine(device: torch.device, precision: Literal["auto", "float32", "bfloat16"]) -> Machine:
    """The machine as it computes with `train.precision` as the recipe says it."""
    on_gpu = device.type == "cuda"
    capability = torch.backends.cpu.get_cpu_capability()
    name = torch.cuda.get_device_name(device) if on_gpu else f"{platform.machine()} {capability}"
    return Machine(device.type, name, torch.get_num_threads(), torch.__version__, _multiplied(precision, device))


def precision_here(precision: Literal["auto", "float32", "bfloat16"]) -> str:
    """What the record of a run says of the precision of its matrix products, were it tuned on this machine."""
    return _multiplied(precision, torch.accelerator.current_accelerator() or torch.device("cpu"))


def _multiplied(precision: Literal["auto", "float32", "bfloat16"], device: torch.device) -> str:
    return str(autocast_dtype(precision, device) or torch.float32).removeprefix("torch.")


def refuse_omp_dynamic() -> None:
    """`OMP_DYNAMIC` lets OpenMP change its threads inside a product: NaN under bf16 autocast in 19 of 19 runs."""
    if os.environ.get("OMP_DYNAMIC", "").strip().lower() in ("true", "1", "yes", "on"):
        raise UserMistake("OMP_DYNAMIC", "is set to TRUE, which makes losses not a number", "unset OMP_DYNAMIC")


def refuse_other_sharding(environment: Mapping[str, str]) -> None:
    """What accelerate is told through the environment it would do beside our own, or, on a CPU, silently not do."""
    for name, what in SHARDING.items():
        if environment.get(name, "").strip().lower() in ("true", "1", "yes", "on"):
            remedy = "set train.sharding: fsdp in the recipe and start it with torchrun"
            raise UserMistake(name, f"asks accelerate for {what}, which a run does not take from it", remedy)


def start(settings: TrainSettings, out: Path, ranks: Ranks) -> Any:
    """The accelerate `Accelerator` of this run; precision is the step's own business, not its.

    Ranks have met before (ranks.py). Raises `MissingExtra` for a tracker that is not installed, and `UserMistake` where
    accelerate counts other processes (it would average no gradients, and every rank would tune a model of its own) or
    was told to shard the model, which is `train.sharding`'s to say.
    """
    refuse_omp_dynamic()
    refuse_other_sharding(os.environ)
    for tracker in settings.tracker:
        if importlib.util.find_spec(tracker) is None:
            raise MissingExtra("track", f"the tracker '{tracker}'")
    from accelerate import Accelerator

    # Only told of it does accelerate join several processes on a machine that has nothing but processors.
    cpu = not torch.accelerator.is_available()
    trackers = list(settings.tracker) or None
    accelerator = Accelerator(cpu=cpu, mixed_precision="no", log_with=trackers, project_dir=str(out))
    if accelerator.num_processes != ranks.count:
        what = f"counts {accelerator.num_processes} processes of {ranks.count}, as it was set up before they met"
        raise UserMistake("accelerate", what, "call tune before any Accelerator is made")
    return accelerator


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
