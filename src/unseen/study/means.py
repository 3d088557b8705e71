"""What this machine has for arms: cores, memory, GPUs; and how many arms fit beside each other."""

from __future__ import annotations

import os
from pathlib import Path

OWN_BYTES = 900 * 2**20  # a process with torch and transformers loaded and rows in memory, before any weight
LIMIT = Path("/sys/fs/cgroup/memory.max")
USED = Path("/sys/fs/cgroup/memory.current")


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Bytes that new processes can have: what the system calls available, within the limit of a container."""
    available = _meminfo() or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    limit, used = _number(LIMIT), _number(USED)
    return min(available, limit - used) if limit is not None and used is not None else available


def gpus() -> tuple[str, ...]:
    """The CUDA devices, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = [each for each in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if each]
    return tuple(named[:count] or map(str, range(count)))


def fitting(arms: int, needed: int, cores: int, memory: int, gpus: int) -> int:
    """How many of `arms` run beside each other, when the largest takes `needed` bytes: one a GPU where there are any,
    else no more than there are cores, or than memory holds; at least one."""
    beside = gpus or min(cores, memory // max(needed + OWN_BYTES, 1))
    return max(1, min(arms, beside))


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max" where there is no limit
        return None
