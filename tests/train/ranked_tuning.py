"""Run as a program: tune tiny models in several processes that share their work, by gloo, as `torchrun` starts them.

`python ranked_tuning.py FOLDER RANKS NAME...` leaves FOLDER/NAME of each run of tiny_tuning that is named, as
`fsdp/lora` or `none/lora`; a run that is there already goes on from its last checkpoint. torch is imported once; every
rank is a fork.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tiny_tuning import RANKED_RUNS, TRACKED_RUNS, parameters_of

RUNS = {**RANKED_RUNS, **TRACKED_RUNS}
TRIES = 3  # a rank has ended by a signal once, in CI; fourteen starts of all runs did not show where


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tune_as(rank: int, ranks: int, port: int, folder: Path, names: list[str]) -> None:
    """All runs, in the role of one rank."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks), "RANK": str(rank)}
    os.environ.update(place | {"LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(ranks)})
    for name in names:
        sharding, _, run = name.partition("/")
        tuned = RUNS[run](folder / name, sharding)
        if tuned.processes != ranks:
            raise SystemExit(f"{tuned.processes} processes")
        if rank == ranks - 1:  # as whole as on rank 0
            save_file(parameters_of(tuned), folder / name / "whole.safetensors")
    torch.distributed.destroy_process_group()


def run_ranks(ranks: int, port: int, folder: Path, names: list[str]) -> int:
    """The worst exit status of the ranks; each leaves past what gloo does at exit, which sometimes aborts."""
    children = []
    for rank in range(ranks):
        child = os.fork()
        if child == 0:
            try:
                tune_as(rank, ranks, port, folder, names)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        children.append(child)
    return max(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) for child in children)


def main(folder: Path, ranks: int, names: list[str]) -> int:
    """The worst exit status. Where a rank was killed, as by gloo, all go on from their checkpoints, as a user's would;
    what a rank itself found wrong is never tried again."""
    worst = 1
    for _ in range(TRIES):
        worst = run_ranks(ranks, free_port(), folder, names)
        if worst not in (signal.SIGSEGV, signal.SIGABRT):
            break
    return worst


if __name__ == "__main__":
    faulthandler.enable()
    torch.set_num_threads(1)
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
