"""Float32 matrix products on AMD processors, by oneDNN: torch takes MKL for them, which there uses half of the machine.

MKL chooses its kernels by the maker of the processor. On an AMD EPYC with AVX-512 its products ran at 105 GFLOP/s a
core, those of oneDNN, which torch carries too, at 240. Results differ by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

ROWS = 16  # products of fewer are no faster


@contextmanager
def fast_products() -> Iterator[None]:
    """Linear layers inside run with oneDNN where that is faster. Without gradients only."""
    if not mkl_is_slow():
        yield
        return
    with _OneDnn():
        yield


@cache
def mkl_is_slow() -> bool:
    """Whether torch would run float32 products with an MKL that does not use what this processor has."""
    with_both = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    return with_both and torch.backends.cpu.get_cpu_capability() == "AVX512" and _maker() == "AuthenticAMD"


def _maker() -> str:
    """The processor's maker as Linux names it; empty elsewhere."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")


class _OneDnn(TorchFunctionMode):  # type: ignore[misc]
    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is torch.nn.functional.linear and not kwargs and _fits(*args):
            states, weight, bias = (*args, None)[:3]
            return torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
        return function(*args, **(kwargs or {}))


def _fits(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> bool:
    rows = states.numel() // max(states.shape[-1], 1)
    alike = states.dtype == weight.dtype == torch.float32 and states.device.type == weight.device.type == "cpu"
    return alike and rows >= ROWS and type(weight) in (torch.Tensor, torch.nn.Parameter)
