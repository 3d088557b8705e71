"""The processes of one run, called ranks: who goes first, what all of them know, and what each does of a whole.

What `Ranks` does is a collective: all ranks call it, in the same order. With one rank it costs nothing, and torch is
not loaded.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from unseen.errors import DataMistake, ProcessLost, RecipeMistake, UnseenError, UserMistake
from unseen.launch import place
from unseen.recipe import TrainSettings

T = TypeVar("T")
LOST = "another process of this run ended; --resume goes on from the last checkpoint"
STOPPED = "this process was told to stop; --resume goes on from the last checkpoint"
# Ranks wait while one of them downloads a model or answers its share: hours, and no sign of a fault. A rank that dies
# is noticed by its closed connection (gloo) and by the launcher, never by waiting.
PATIENCE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ranks:
    """This is rank `rank` of `count`."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this rank writes what all share: the record, the log, the model, the report."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if self.count > 1:
            from torch import distributed

            distributed.barrier()

    def gathered(self, value: T) -> list[T]:
        """The values of all ranks, in their order, on every rank."""
        if self.count == 1:
            return [value]
        from torch import distributed

        values: list[Any] = [None] * self.count
        distributed.all_gather_object(values, value)
        return values

    def shared(self, work: Callable[[], T]) -> T:
        """Rank 0 does `work`; every rank gets the result, or the mistake."""
        done = _tried(work) if self.leads else None
        value, error = self._of_first(done)
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]

    def in_turn(self, work: Callable[[], T]) -> T:
        """Every rank does `work`, rank 0 before the others: it fills the caches that they then find full."""
        done: tuple[Any, Exception | None] = _tried(work) if self.leads else (None, None)
        _, error = self._of_first((None, done[1]))
        if error is not None:
            raise error
        return done[0] if self.leads else work()

    def agree(self, value: str) -> None:
        """Raise `DataMistake` unless all ranks have the same value, which names what they are about to do."""
        values = self.gathered(value)
        other = next((rank for rank, each in enumerate(values) if each != values[0]), None)
        if other is not None:
            what = f"process {other} found other rows, templates or weights than process 0"
            raise DataMistake("", what, "give every machine the same files")

    def _of_first(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        if self.count == 1:
            return value
        from torch import distributed

        held = [value]
        distributed.broadcast_object_list(held)
        return held[0]


ALONE = Ranks()


def join(asked: int | None = None) -> Ranks:
    """Meet the other processes of this launch, once; `asked` is how many the caller wants, None for the launcher's.

    Raises `UserMistake` when fewer run than were asked for, or when they have no way to talk.
    """
    here = place()
    check_processes(here.ranks, asked, os.environ)
    if "LOCAL_RANK" not in os.environ:
        return ALONE
    from torch import distributed

    if not distributed.is_initialized():
        _meet(here.local)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    return Ranks(distributed.get_rank(), distributed.get_world_size())


def check_processes(got: int, asked: int | None, environment: Any) -> None:
    """Raise `UserMistake` when the launcher or the caller asked for another number of processes than run."""
    said = environment.get("WORLD_SIZE", "")
    wanted = asked if asked is not None else int(said) if said.isdigit() else got
    if got != wanted:
        raise UserMistake("", f"{wanted} processes were asked for and {got} run", "start it with torchrun")
    # `accelerate launch --cpu --num_processes 2` announces a main process and then starts a single one.
    announced = "MASTER_ADDR" in environment and "ACCELERATE_MIXED_PRECISION" in environment
    if got == 1 and announced and "WORLD_SIZE" not in environment:
        raise UserMistake("accelerate launch", "asked for several processes and started one", "start it with torchrun")


def check_sharding(settings: TrainSettings) -> None:
    """Raise `RecipeMistake` where a model is to be sharded over several processes and there is one."""
    if settings.sharding == "fsdp" and place().ranks < 2:
        remedy = "start it with torchrun --nproc-per-node N, or set it to none"
        raise RecipeMistake("train.sharding", "is fsdp, and this is a single process", remedy)


def _meet(local: int) -> None:
    """Tensors on GPUs go through NCCL, everything else through gloo."""
    import torch
    from torch import distributed

    if not (distributed.is_available() and distributed.is_gloo_available()):
        raise UserMistake("torch", "was built without gloo, which several processes need", "install one with it")
    if not torch.cuda.is_available():
        distributed.init_process_group("gloo", timeout=PATIENCE)
        return
    if local >= torch.cuda.device_count():
        what = f"process {local} of this machine has no GPU: there are {torch.cuda.device_count()}"
        raise UserMistake("", what, "start as many processes as there are GPUs")
    torch.cuda.set_device(local)
    distributed.init_process_group("cpu:gloo,cuda:nccl", timeout=PATIENCE)


@contextmanager
def as_one() -> Iterator[None]:
    """What libraries raise when another rank is gone is a `ProcessLost`: the other one knows why."""
    try:
        yield
    except RuntimeError as error:
        if place().ranks > 1 and is_lost(error):
            raise ProcessLost(LOST) from error
        raise


def is_lost(error: RuntimeError) -> bool:
    """Whether an error comes from the connection between ranks: gloo raises plain RuntimeErrors that name it."""
    from torch import distributed

    return isinstance(error, distributed.DistError) or "gloo" in str(error).lower()


def _tried(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except (UnseenError, OSError) as error:
        return None, error


def _stop(number: int, frame: Any) -> None:
    raise ProcessLost(STOPPED)


def dealt(costs: Sequence[int], ranks: int) -> list[list[int]]:
    """Indices of the pieces of work of each rank: the costliest first, each to the rank that has least to do.

    Longest processing time first (Graham 1969): the slowest rank takes at most a third longer than it must.
    """
    shares: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for index in costliest_first(costs):
        rank = loads.index(min(loads))
        shares[rank].append(index)
        loads[rank] += costs[index]
    return shares


def dealt_in_rounds(costs: Sequence[int], ranks: int) -> list[list[int]]:
    """Indices of the pieces of each rank, where all ranks wait for each other at every piece: the costliest ones run
    side by side, so that the sum of each round's costliest is the least possible."""
    order = costliest_first(costs)
    return [order[rank::ranks] for rank in range(ranks)]


def costliest_first(costs: Sequence[int]) -> list[int]:
    return sorted(range(len(costs)), key=lambda index: (-costs[index], index))
