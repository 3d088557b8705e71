"""Arms on a Ray cluster: one task an arm, which starts the same process there as this machine would start.

Every machine of the cluster needs this version of `unseen`, and the study's folder, data and models under the same
paths: a shared file system.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.errors import JobFailed, MissingExtra
from unseen.study.arms import Arm
from unseen.study.launching import command, environment
from unseen.study.study_folder import ArmFiles

CORES_AN_ARM = 2
STOPPED = -15


@dataclass(frozen=True, slots=True)
class Task:
    """A `Job` that a machine of the cluster does."""

    arm: Arm
    reference: Any

    def status(self) -> int | None:
        import ray

        done, _ = ray.wait([self.reference], timeout=0)
        if not done:
            return None
        try:
            return int(ray.get(self.reference))
        except ray.exceptions.RayError:  # the machine, or Ray's own process there, is gone
            return STOPPED

    def stop(self) -> None:
        import ray

        ray.cancel(self.reference, force=True)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray cluster that runs `workers` arms at a time, each on `cores` processors and `gpus` GPUs."""

    folder: Path
    workers: int
    cores: int
    gpus: int
    reuse: tuple[Path, ...] = ()

    def start(self, arm: Arm, slot: int) -> Task:
        import ray

        files = ArmFiles(self.folder.absolute() / arm.folder)
        task = ray.remote(_do).options(num_cpus=self.cores, num_gpus=self.gpus, max_retries=0)
        words = list(command(self.folder, arm, 1, self.reuse))
        named = {name: value for name, value in os.environ.items() if name.startswith("UNSEEN_")}
        return Task(arm, task.remote(words, str(files.log), str(Path.cwd()), named, self.cores))


def cluster(address: str, folder: Path, workers: int | None, reuse: Sequence[Path] = ()) -> Cluster:
    """Join the cluster at `address` (`auto` for the one that runs on this machine). As many arms run at a time as it
    has GPUs, or processors for, or `workers`.

    Raises `MissingExtra` where Ray is not installed, and `JobFailed` where no cluster answers.
    """
    try:
        import ray
    except ImportError:
        raise MissingExtra("ray", "running a study on a cluster") from None
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise JobFailed(f"no Ray cluster answers at '{address}' ({error}); see ray status") from None
    has = ray.cluster_resources()
    gpus, processors = int(has.get("GPU", 0)), int(has.get("CPU", 1))
    cores = min(CORES_AN_ARM, processors)
    return Cluster(folder, workers or max(1, gpus or processors // cores), cores, 1 if gpus else 0, tuple(reuse))


def _do(words: list[str], log: str, place: str, named: dict[str, str], cores: int) -> int:
    """The exit status of an arm's process, run where the cluster puts this. It ends with this task."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    own = environment({**os.environ, **named}, cores)
    with Path(log).open("ab") as file:
        child = subprocess.Popen(
            [*words, "--with-runner"], stdin=subprocess.PIPE, stdout=file, stderr=file, cwd=place, env=own
        )
        return child.wait()
