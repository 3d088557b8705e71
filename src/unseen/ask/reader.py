"""A decoder that can read tries: its backbone, its head, and how its layers are given a trie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from unseen.ask.products import fast_products
from unseen.encode.trie import Trie, trie_of
from unseen.encode.trie_rows import trie_rows
from unseen.model.backbone import backbone_of, base_of
from unseen.model.readout import Readout, chunk_size, probe_examples, readout_of
from unseen.trie.attention import TrieAttention, TrieInputs
from unseen.trie.check import Plain, trie_attention
from unseen.trie.cpu_attention import ATTENTION
from unseen.trie.kernel import Kernel, running
from unseen.trie.stream import NOTHING, Known, Stretch, stretches
from unseen.trie.stream_check import stream_kernel

# Nodes that are read at once. Longer stretches read the weights fewer times: the matrix products of SmolLM2-135M took
# 2.58, 2.53, 2.45, 2.45 and 2.44 s for 1,024 nodes, 256, 384, 512, 768 and 1,024 at a time (one thread). By blocks,
# attention costs the same whatever the stretch. Under a dense mask every node is masked against all of its stretch, so
# on a CPU longer ones cost more attention than they save: 3.59, 2.82, 2.58 and 2.85 s with 64, 128, 256 and 512 nodes
# (40 questions of five options) and 18.1, 15.4, 14.9 and 15.6 s (with five exemplars drawn for each).
BY_BLOCKS, DENSE, CUDA = 512, 256, 2048
LEAST = 16


@dataclass(frozen=True, slots=True, eq=False)
class TrieReader:
    """`network` gives states, from which `readout` and `head` make logits; or the logits themselves where the readout
    is the model's `own`. `kernel` is the attention that stretches are read with, `size` how many nodes are read at
    once, `heads` how many states the head is given."""

    module: Any
    network: Any
    head: Any
    readout: Readout
    attention: TrieAttention
    kernel: Kernel
    size: int
    heads: int

    def logits(self, outputs: torch.Tensor) -> torch.Tensor:
        """float32 [n, vocabulary] from outputs [n, width] of the network."""
        return outputs.float() if self.readout.kind == "own" else self.readout.logits(self.head, outputs)

    def stretches(
        self, trie: Trie, start: int = 0, stop: int | None = None, path: Known = NOTHING
    ) -> Iterator[Stretch]:
        """The nodes [`start`, `stop`) of `trie`, behind the `path` to `start`; take each inside `reading`.

        The model has its own attention back whenever the caller has the turn.
        """
        remaining = stretches(self.network, self.attention, trie, self.size, start, stop, path)
        while True:
            with running(self.module, self.kernel):
                stretch = next(remaining, None)
            if stretch is None:
                return
            yield stretch

    @contextmanager
    def reading(self) -> Iterator[None]:
        with asking(self.module):
            yield


def reader_of(module: Any, batch_tokens: int) -> TrieReader | Plain:
    """A reader of `module`, a transformers model with or without PEFT, that reads at most `batch_tokens` nodes at
    once; `Plain` where it does not read tries. Keep what it returns: the model is tried for it."""
    attention = trie_attention(module)
    if isinstance(attention, Plain):
        return attention
    base = base_of(module)
    kernel = stream_kernel(base, attention)
    if isinstance(kernel, Plain):
        return kernel
    readout = readout_of(module, Probe.of(module, attention))
    head = base.get_output_embeddings()
    own = readout.kind == "own"
    size = max(LEAST, min(batch_tokens, _most(kernel, module.device)))
    return TrieReader(
        module=module,
        network=module if own else backbone_of(base),
        head=head,
        readout=readout,
        attention=attention,
        kernel=kernel,
        size=size,
        heads=size if own else chunk_size(head),
    )


def _most(kernel: Kernel, device: torch.device) -> int:
    if device.type != "cpu":
        return CUDA
    return BY_BLOCKS if kernel.name == ATTENTION else DENSE


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Two rows on which the readout is checked."""

    attention: TrieAttention
    inputs: TrieInputs

    @classmethod
    def of(cls, module: Any, attention: TrieAttention) -> Probe:
        tries = [trie_of([each.ids], [each.weights]) for each in probe_examples(module)]
        return cls(attention, TrieInputs.of(trie_rows(tries)))

    def outputs(self, network: Any) -> torch.Tensor:
        return self.attention.run(network, self.inputs)

    def to(self, device: torch.device) -> Probe:
        return Probe(self.attention, self.inputs.to(device))


@contextmanager
def asking(module: Any) -> Iterator[None]:
    """No gradients and no dropout inside; the module's mode is put back. A module that is asked already is left alone:
    setting the mode of a few hundred modules takes as long as reading ten nodes."""
    training = module.training
    if training:
        module.eval()
    try:
        with torch.inference_mode(), fast_products():
            yield
    finally:
        if training:
            module.train()
