"""Run as a program: tune tiny models in two processes that share their work, by gloo, as `torchrun` would start them.

`python ranked_tuning.py FOLDER` leaves each run's folder.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import torch
from tiny_tuning import RANKED_RUNS

RANKS = 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tune_as(rank: int, port: int, folder: Path) -> None:
    """All runs, in the role of one rank of two."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(RANKS), "RANK": str(rank)}
    os.environ.update(place | {"LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(RANKS)})
    for name, run in RANKED_RUNS.items():
        tuned = run(folder / name, processes=RANKS)
        if tuned.processes != RANKS:
            raise SystemExit(f"{tuned.processes} processes")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    port, children = free_port(), []
    for rank in range(RANKS):
        child = os.fork()
        if child == 0:
            try:
                tune_as(rank, port, Path(sys.argv[1]))
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        children.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
