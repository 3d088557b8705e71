"""Starting arms as processes of this machine, each with its share of the cores, or of the GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from unseen.launch import NAMES
from unseen.study.arms import Arm
from unseen.study.study_folder import ArmFiles


class Job(Protocol):
    """An arm that is on its way."""

    @property
    def arm(self) -> Arm: ...
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it goes on."""

    def stop(self) -> None:
        """End it, wherever it is."""


@dataclass(frozen=True, slots=True)
class Process:
    """A `Job` that is a child process of this one."""

    arm: Arm
    child: subprocess.Popen[bytes]

    def status(self) -> int | None:
        status = self.child.poll()
        if status is not None and self.child.stdin is not None:
            self.child.stdin.close()
        return status

    def stop(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.close()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine, shared by `workers` arms at a time; `gpus` are the names that CUDA_VISIBLE_DEVICES takes."""

    folder: Path
    workers: int
    cores: int
    gpus: tuple[str, ...] = ()
    reuse: tuple[Path, ...] = ()

    def start(self, arm: Arm, slot: int) -> Process:
        """Start an arm on the `slot`-th share of this machine."""
        files = ArmFiles(self.folder / arm.folder)
        files.log.parent.mkdir(parents=True, exist_ok=True)
        with files.log.open("ab") as log:
            return Process(arm, self._child(arm, slot, log))

    def _child(self, arm: Arm, slot: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command(self.folder, arm, self.workers, self.reuse), "--with-runner"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment(os.environ, self.cores // self.workers) | self.device(slot),
        )

    def device(self, slot: int) -> dict[str, str]:
        """What tells an arm on the `slot`-th share which GPU is its own."""
        return {"CUDA_VISIBLE_DEVICES": self.gpus[slot % len(self.gpus)]} if self.gpus else {}


def command(folder: Path, arm: Arm, workers: int, reuse: Sequence[Path]) -> Sequence[str]:
    named = [str(folder.absolute()), arm.name, str(arm.seed), "--workers", str(workers)]
    places = [word for place in reuse for word in ("--reuse", str(place.absolute()))]
    return [sys.executable, "-m", "unseen.study.arm", *named, *places]


def environment(own: Mapping[str, str], threads: int) -> dict[str, str]:
    """The environment of an arm: its threads, unless the user said how many; and nothing of a launcher's."""
    shared = {name: value for name, value in own.items() if name not in NAMES}
    return {"OMP_NUM_THREADS": str(max(1, threads)), "OMP_WAIT_POLICY": "PASSIVE", **shared}
