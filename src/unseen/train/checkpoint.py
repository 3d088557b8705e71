"""Checkpoints: what tuning changed, and where it stands. Written whole or not at all, and read without pickle.

A checkpoint is a folder `step-000025` with `weights.safetensors` (trained parameters only), `optimizer.safetensors`
(its state, `<parameter>//<key>`) and `state.json`; of a sharded model (shards.py) each rank leaves a file of its part
of both. Learning rates and random numbers are functions of the step, so there is no scheduler and no generator to keep.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from unseen.errors import RecipeMistake
from unseen.fulldisk import RESUME, told_when_full
from unseen.train.ranks import ALONE, Ranks
from unseen.train.shards import is_sharded, read_into, tensors_in

KEPT = 2
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: `step` steps are done; the best validation loss so far and its step, when there is one."""

    step: int = 0
    best_loss: float | None = None
    best_step: int | None = None


Tensors = Mapping[str, Mapping[str, torch.Tensor]]  # by the file that they belong to, and their name
Write = Callable[[Path, Tensors, Ranks], None]
"""How the tensors of a checkpoint are written into its folder, which is there; all ranks call it."""


def write_whole(folder: Path, tensors: Tensors, ranks: Ranks) -> None:
    """Rank 0 writes: it has all tensors, as every rank has."""
    if ranks.leads:
        for name, values in tensors.items():
            save_file(detached(values), folder / name)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints in `folder`, of a run that `identity` describes (JSON values). All ranks save and load together.

    The last two are kept.
    """

    folder: Path
    identity: Mapping[str, Any]
    ranks: Ranks = ALONE
    write: Write = write_whole

    def save(self, position: Position, trained: Mapping[str, torch.Tensor], optimizer: Any) -> Path:
        """Write a checkpoint; when this returns it is on the disk, whole, under its final name. Raises `DiskFull`."""
        final = self.folder / f"step-{position.step:06d}"
        self.write_state(final, position, trained, optimizer, {})
        if self.ranks.leads:
            self._drop_old()
        self.ranks.wait()
        return final

    def write_state(
        self,
        final: Path,
        position: Position,
        trained: Mapping[str, torch.Tensor],
        optimizer: Any,
        facts: Mapping[str, Any],
    ) -> None:
        """Write weights and optimizer as the folder `final`; `facts` (JSON values) stand in its state.json too."""
        tensors = {WEIGHTS: trained, OPTIMIZER: optimizer_state(trained, optimizer)}
        self._write(final, tensors, {"position": asdict(position), "identity": dict(self.identity), **facts})

    def save_best(self, position: Position, trained: Mapping[str, torch.Tensor]) -> None:
        """Keep the weights of the best step so far, as `best-000025`, beside those of the checkpoint in force."""
        self._write(best_folder(self.folder, position.step), {WEIGHTS: trained}, asdict(position))

    def last(self) -> Path | None:
        """The newest checkpoint that is whole; half-written and damaged ones are passed over."""
        return next((path for path in reversed(steps_in(self.folder)) if is_whole(path)), None)

    def load(self, path: Path, trained: Mapping[str, torch.nn.Parameter], optimizer: Any) -> Position:
        """Put a checkpoint's weights and optimizer state in place, and say where it stands.

        Raises `RecipeMistake` when it belongs to another run, naming what differs.
        """
        self._check_identity(path, json.loads((path / STATE).read_text(encoding="utf-8"))["identity"])
        load_weights(path, trained)
        load_optimizer(path, trained, optimizer)
        return position_of(path)

    def _write(self, final: Path, tensors: Tensors, state: Mapping[str, Any]) -> None:
        """Write a folder beside its place, force it to the disk, and only then give it its name. Raises `DiskFull`
        where there is no room; what was written of it is gone then, and earlier checkpoints stay."""
        part = final.with_name(f".part-{final.name}")
        with told_when_full("a checkpoint", final, RESUME, _size(tensors)), _gone_after_an_error(part):
            if self.ranks.leads:
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
            self.ranks.wait()
            self.write(part, tensors, self.ranks)
            self.ranks.wait()
            if self.ranks.leads:
                name_folder(part, final, state)

    def _check_identity(self, path: Path, found: Mapping[str, Any]) -> None:
        differing = sorted(key for key in {*found, *self.identity} if found.get(key) != self.identity.get(key))
        if differing:
            what = f"was made with another {', '.join(differing)}"
            raise RecipeMistake(str(path), what, "resume with the same recipe, or tune into another folder")

    def _drop_old(self) -> None:
        """Remove checkpoints out of force, best weights that no checkpoint left names, and what a kill left behind."""
        for path in [*steps_in(self.folder)[:-KEPT], *self.folder.glob(".part-*")]:
            shutil.rmtree(path)
        named = {position_of(path).best_step for path in steps_in(self.folder) if is_whole(path)}
        for path in self.folder.glob("best-*"):
            if _step(path) not in named:
                shutil.rmtree(path)


@contextmanager
def _gone_after_an_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _size(tensors: Tensors) -> int:
    """Bytes of the tensors, those of all ranks together."""
    return sum(value.nbytes for values in tensors.values() for value in values.values())


def best_folder(folder: Path, step: int) -> Path:
    return folder / f"best-{step:06d}"


def position_of(path: Path) -> Position:
    return Position(**json.loads((path / STATE).read_text(encoding="utf-8"))["position"])


def load_weights(path: Path, trained: Mapping[str, torch.nn.Parameter]) -> None:
    """Put the weights of a checkpoint in place."""
    if _in_parts(path, trained):
        read_into(path, {name: parameter.detach() for name, parameter in trained.items()})
        return
    weights = load_file(path / WEIGHTS)
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])


def load_optimizer(path: Path, trained: Mapping[str, torch.nn.Parameter], optimizer: Any) -> None:
    """Put the optimizer's state of a checkpoint in place, moments beside the parameter that they belong to."""
    if _in_parts(path, trained):
        state = {key: _empty(key, size, trained) for key, size in tensors_in(path).items() if "//" in key}
        read_into(path, state)
    else:
        state = load_file(path / OPTIMIZER)
    for key, value in state.items():
        name, _, part = key.partition("//")
        parameter = trained[name]
        optimizer.state[parameter][part] = value.to(_home(parameter, part, optimizer))


def _in_parts(path: Path, trained: Mapping[str, torch.Tensor]) -> bool:
    """Whether what the files hold and what the parameters are must be cut differently."""
    return is_sharded(trained) or not (path / WEIGHTS).is_file()


def _empty(key: str, size: torch.Size, trained: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """A place for a part of the state: sharded like its parameter where it has its shape."""
    parameter = trained[key.partition("//")[0]].detach()
    return torch.zeros_like(parameter) if parameter.shape == size else torch.zeros(size)


def steps_in(folder: Path) -> list[Path]:
    """Folders named like checkpoints, oldest first."""
    found = [path for path in folder.glob("step-*") if re.fullmatch(r"step-\d+", path.name)]
    return sorted(found, key=_step)


def is_whole(path: Path) -> bool:
    """Whether every file that `state.json` lists is there in its full size."""
    try:
        sizes = json.loads((path / STATE).read_text(encoding="utf-8"))["sizes"]
        return all((path / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def name_folder(part: Path, final: Path, state: Mapping[str, Any]) -> None:
    """Give a folder of tensors its state, force it to the disk, and then give it its name."""
    sizes = {path.name: path.stat().st_size for path in part.iterdir()}
    (part / STATE).write_text(json.dumps({**state, "sizes": sizes}, indent=1), encoding="utf-8")
    for path in [*part.iterdir(), part]:
        sync(path)
    if final.exists():
        shutil.rmtree(final)
    part.rename(final)
    sync(final.parent)


def sync(path: Path) -> None:
    """Force a file, or a folder's list of names, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def detached(trained: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: each.detach().cpu().contiguous() for name, each in trained.items()}


def optimizer_state(trained: Mapping[str, torch.Tensor], optimizer: Any) -> dict[str, torch.Tensor]:
    """The optimizer's tensors, by the name of the parameter that they belong to."""
    return {
        f"{name}//{key}": value
        for name, parameter in trained.items()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _home(parameter: torch.Tensor, part: str, optimizer: Any) -> torch.device:
    """Where a part of the state lives: step counters on the CPU, unless the optimizer is a fused one."""
    if part == "step" and not optimizer.defaults.get("fused"):
        return torch.device("cpu")
    return parameter.device


def _step(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
