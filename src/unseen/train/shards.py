"""Checkpoints of a sharded model: every rank writes its own part, through torch.distributed.checkpoint.

The parts are safetensors files, never pickles; each tensor carries the place of its part in the whole, so that any
number of ranks can read what any other number wrote, whole files included.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from unseen.errors import JobFailed
from unseen.train.ranks import Ranks


def write_shards(folder: Path, tensors: Mapping[str, Mapping[str, torch.Tensor]], ranks: Ranks) -> None:
    """Every rank writes its parts of all tensors into `folder`, whatever file they would belong to as whole ones."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter

    state = {name: value.detach() for values in tensors.values() for name, value in values.items()}
    writer = HuggingFaceStorageWriter(str(folder), save_distributed=True)
    try:
        dcp.save(state, storage_writer=writer)
    except CheckpointException as error:  # a BaseException
        rank, (cause, _) = next(iter(error.failures.items()))
        raise JobFailed(f"{folder}: process {rank} could not write its part ({cause})") from error


def is_sharded(trained: Mapping[str, torch.Tensor]) -> bool:
    return any(isinstance(each, DTensor) for each in trained.values())


def tensors_in(folder: Path) -> dict[str, torch.Size]:
    """Shapes of the whole tensors that the files in `folder` hold together, by name."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader

    found: Mapping[str, Any] = HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata
    return {name: about.size for name, about in found.items()}


def read_into(folder: Path, wanted: Mapping[str, torch.Tensor]) -> None:
    """Fill the tensors of `wanted`, sharded or whole, with those of their names; each rank reads what is its own."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader

    with warnings.catch_warnings():  # that it reads without asking other ranks, as it is told to
        warnings.simplefilter("ignore", UserWarning)
        dcp.load(dict(wanted), storage_reader=HuggingFaceStorageReader(str(folder)), no_dist=True)
