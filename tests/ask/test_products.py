"""Products by oneDNN are those of torch, no less exact, and only where they are float32, on a CPU and large."""

from __future__ import annotations

import pytest
import torch

from unseen.ask import products
from unseen.ask.products import fast_products

NAME = "mkldnn::_linear_pointwise"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this torch was built without oneDNN")
    monkeypatch.setattr(products, "mkl_is_slow", lambda: True)


def by_onednn(layer: torch.nn.Module, states: torch.Tensor) -> tuple[torch.Tensor, bool]:
    with torch.inference_mode(), fast_products(), torch.profiler.profile() as seen:
        result = layer(states)
    return result, any(event.key == NAME for event in seen.key_averages())


@pytest.mark.parametrize("shape", [(16, 64), (3, 40, 64), (1, 2, 300, 64)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_is_as_exact_as_torchs(slow: None, shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    layer, states = torch.nn.Linear(64, 96, bias=bias), torch.randn(shape)
    truth = layer.double()(states.double())
    layer = layer.float()
    result, used = by_onednn(layer, states)
    assert used and result.dtype == torch.float32 and result.shape == truth.shape
    error, plain = ((each - truth).abs().max() for each in (result, layer(states)))
    assert error <= max(1.1 * plain, 4 * torch.finfo(torch.float32).eps * truth.abs().max())


@pytest.mark.parametrize(
    "states",
    [torch.ones(15, 64), torch.ones(32, 64, dtype=torch.bfloat16), torch.ones(0, 64)],
    ids=lambda s: str(s.dtype),
)
def test_other_products_are_torchs_own(slow: None, states: torch.Tensor) -> None:
    layer = torch.nn.Linear(64, 96).to(states.dtype)
    result, used = by_onednn(layer, states)
    assert not used
    assert torch.equal(result, layer(states))


def test_nothing_changes_where_mkl_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "mkl_is_slow", lambda: False)
    assert not by_onednn(torch.nn.Linear(64, 96), torch.ones(32, 64))[1]
