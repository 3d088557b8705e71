"""Under bfloat16 autocast a trie is no further from float32 than rows are (the test of Apple's cut-cross-entropy:
our error against the truth, over a grid of shapes, is at most the plain implementation's)."""

from __future__ import annotations

import pytest
import torch
from random_tries import Weighted, fixed_sequences, gradients, rows_loss, trie_loss
from tiny_families import tiny_family

from unseen.trie.attention import implementation_of
from unseen.trie.check import Plain, trie_attention
from unseen.trie.kernel import Kernel, kernel_of, running

CPU = torch.device("cpu")
MARGIN = 1.1
SHAPES = [(count, trunk, branch) for count in (2, 5) for trunk in (3, 33, 70) for branch in (2, 17)]


def flat(parts: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in parts.values()])


def sets(shape: tuple[int, int, int]) -> list[Weighted]:
    return [fixed_sequences(seed, *shape) for seed in range(3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["Llama", "Gemma3Text", "GPT2"])
def test_bfloat16_errors_of_a_trie_are_within_those_of_its_rows(name: str, shape: tuple[int, int, int]) -> None:
    module = tiny_family(name)
    attention = trie_attention(module)
    assert not isinstance(attention, Plain)
    errors: dict[str, list[torch.Tensor]] = {"rows": []}
    for given in sets(shape):
        truth = flat(gradients(module, rows_loss(module, given)))
        with torch.autocast("cpu", torch.bfloat16):
            errors["rows"].append(flat(gradients(module, rows_loss(module, given))) - truth)
            for kernel in {Kernel(implementation_of(module)), kernel_of(module, attention, CPU)}:
                with running(module, kernel):
                    found = flat(gradients(module, trie_loss(module, attention, given)))
                errors.setdefault(kernel.name, []).append(found - truth)
    root_mean_square = {name: torch.cat(each).square().mean().sqrt().item() for name, each in errors.items()}
    plain = root_mean_square.pop("rows")
    assert plain > 0
    assert len(root_mean_square) == 2
    assert max(root_mean_square.values()) <= MARGIN * plain
