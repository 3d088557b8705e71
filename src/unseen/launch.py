"""Which of several processes this is. `torchrun` says so in the environment; a process that it did not start is alone.

Several processes do the same things, so each line that a person reads would come several times. Here it is told once:
by the first process that has it, whichever it is. They agree through the store that `torchrun` keeps for them.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from unseen.errors import UserMistake

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
STORE_WAIT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Place:
    """This is process `rank` of `ranks`, and `local` among those on this machine; all counted from 0."""

    rank: int = 0
    ranks: int = 1
    local: int = 0


def place(environment: Mapping[str, str] | None = None) -> Place:
    """What the launcher says. Without LOCAL_RANK nobody launched this process: RANK and WORLD_SIZE alone are also set
    on every machine of some clusters, for launchers to read. Raises `UserMistake` when the launcher says half."""
    said = os.environ if environment is None else environment
    if "LOCAL_RANK" not in said:
        return Place()
    missing = [name for name in NAMES if not said.get(name)]
    if missing:
        raise UserMistake(missing[0], "is not set, and LOCAL_RANK is", "start it with torchrun")
    try:
        found = Place(int(said["RANK"]), int(said["WORLD_SIZE"]), int(said["LOCAL_RANK"]))
    except ValueError as error:
        raise UserMistake("RANK, WORLD_SIZE, LOCAL_RANK", str(error), "start it with torchrun") from None
    if not 0 <= found.rank < found.ranks:
        raise UserMistake("RANK", f"is {found.rank} of {found.ranks} processes", "start it with torchrun")
    return found


def leads() -> bool:
    """Whether this process speaks and writes for all."""
    return place().rank == 0


def tell(line: str) -> None:
    """Print `line` on stderr, unless another process of this launch did."""
    _count("any")
    if _count(hashlib.sha256(line.encode()).hexdigest()) == 1:
        print(line, file=sys.stderr, flush=True)


def tell_if_silent(line: str) -> None:
    """Print `line` on stderr, unless another process of this launch has told anything: it knows better."""
    if _count("any") == 1:
        print(line, file=sys.stderr, flush=True)


def _count(key: str) -> int:
    """How many processes have counted `key`, this one included; 1 where they have no store in common."""
    try:
        if place().ranks == 1:
            return 1
    except UserMistake:  # and this is what is being told
        return 1
    from torch.distributed import DistError, TCPStore

    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store = TCPStore(address, port, is_master=False, timeout=STORE_WAIT, wait_for_workers=False)
        return int(store.add(f"unseen/{attempt}/{key}", 1))
    except DistError:
        return 1


def leave(status: int) -> None:
    """End this process. One of several leaves without running what libraries do at exit: under gloo and
    `fully_shard`, one exit in twelve was aborted there, after all was written."""
    if "LOCAL_RANK" in os.environ:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
