"""Run as a program, by `torch.distributed.run`: every rank's share of a step of a tiny encoder-decoder, by gloo.

`ranked_seq2seq.py FOLDER` leaves FOLDER/FAMILY.WAY.safetensors, the gradients averaged over the ranks, for data
parallelism (`ddp`) and sharded weights (`fsdp`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tiny_seq2seq import bart, random_pairs, t5
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from unseen.train.fsdp import layers_of, whole
from unseen.train.step import TrainStep
from unseen.trie.seq2seq import PairBatch, decoder_start, pair_batches, seq2seq_readout

RANKED = {"t5": t5, "bart": bart}


def batches_of(module: Any) -> list[PairBatch]:
    """Three micro-batches, so that one of two ranks has one fewer."""
    batches = pair_batches(random_pairs(3, 12), decoder_start(module), 40)
    assert len(batches) == 3
    return batches


def sharded(step: TrainStep) -> Any:
    mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
    for layer in layers_of(step.module):
        fully_shard(layer, mesh=mesh)
    return fully_shard(step, mesh=mesh)


def gradients(module: Any, wrap: Any) -> dict[str, torch.Tensor]:
    """The averaged gradients after this rank's share, a silent micro-batch at its end where it is short of one."""
    batches, rank, ranks = batches_of(module), distributed.get_rank(), distributed.get_world_size()
    share = [*batches, batches[0].silent()][rank::ranks]
    step = wrap(TrainStep(module, seq2seq_readout(module)))
    for batch in share:
        step(batch).backward()
    return {name: whole(each.grad).contiguous() for name, each in module.named_parameters() if each.grad is not None}


def main(folder: Path) -> None:
    distributed.init_process_group("gloo")
    for family, make in RANKED.items():
        for way, wrap in {"ddp": DistributedDataParallel, "fsdp": sharded}.items():
            found = gradients(make(), wrap)
            if distributed.get_rank() == 0:
                save_file(found, folder / f"{family}.{way}.safetensors")
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
    os._exit(0)  # gloo sometimes aborts at exit
