"""What this machine has for arms: cores, memory, GPUs; and how many arms fit beside each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

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
    available = _meminfo("MemAvailable") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    limit, used = _number(LIMIT), _number(USED)
    return min(available, limit - used) if limit is not None and used is not None else available


def gpus() -> tuple[str, ...]:
    """The CUDA devices, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = [each for each in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if each]
    return tuple(named[:count] or map(str, range(count)))


def machine_facts() -> dict[str, Any]:
    """What this machine has, JSON-able: `cores`, `free_mb` of memory for new processes, `memory_mb` of it in all, and
    of each of the `gpus` its `name`, `free_mb` and `memory_mb`."""
    import torch

    found = []
    for number in range(torch.cuda.device_count()):
        free, whole = torch.cuda.mem_get_info(number)
        name = torch.cuda.get_device_name(number)
        found.append({"name": name, "free_mb": free >> 20, "memory_mb": whole >> 20})
    return {"cores": cores(), "free_mb": memory() >> 20, "memory_mb": _all_memory() >> 20, "gpus": found}


def _all_memory() -> int:
    there = _meminfo("MemTotal") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _number(LIMIT)
    return there if limit is None else min(there, limit)


def fitting(arms: int, needed: int, cores: int, memory: int, gpus: int) -> int:
    """How many of `arms` run beside each other, when the largest takes `needed` bytes: one a GPU where there are any,
    else no more than there are cores, or than memory holds; at least one."""
    beside = gpus or min(cores, memory // max(needed + OWN_BYTES, 1))
    return max(1, min(arms, beside))


def _meminfo(name: str) -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) * 1024 if found else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max" where there is no limit
        return None
