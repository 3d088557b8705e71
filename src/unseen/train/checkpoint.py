"""Checkpoints: what tuning changed, and where it stands. Written whole or not at all, and read without pickle.

A checkpoint is a folder `step-000025` with `weights.safetensors` (trained parameters only), `optimizer.safetensors`
(its state, `<parameter>//<key>`) and `state.json`. Learning rates and random numbers are functions of the step, so
there is no scheduler and no generator to keep.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from unseen.errors import RecipeMistake

KEPT = 2
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: `step` steps are done; the best validation loss so far and its step, when there is one."""

    step: int = 0
    best_loss: float | None = None
    best_step: int | None = None


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints in `folder`, of a run that `identity` describes (JSON values).

    The last two are kept, and those of the steps in `kept_steps`, so that a step can be done again later.
    """

    folder: Path
    identity: Mapping[str, Any]
    kept_steps: frozenset[int] = frozenset()

    def save(self, position: Position, trained: Mapping[str, torch.Tensor], optimizer: Any) -> Path:
        """Write a checkpoint; when this returns it is on the disk, whole, under its final name."""
        final = self.folder / f"step-{position.step:06d}"
        tensors = {WEIGHTS: detached(trained), OPTIMIZER: optimizer_state(trained, optimizer)}
        state = {"position": asdict(position), "identity": dict(self.identity)}
        write_folder(final, tensors, state)
        self._drop_old()
        return final

    def save_best(self, position: Position, trained: Mapping[str, torch.Tensor]) -> None:
        """Keep the weights of the best step so far, as `best-000025`, beside those of the checkpoint in force."""
        write_folder(best_folder(self.folder, position.step), {WEIGHTS: detached(trained)}, asdict(position))

    def last(self) -> Path | None:
        """The newest checkpoint that is whole; half-written and damaged ones are passed over."""
        return next((path for path in reversed(steps_in(self.folder)) if is_whole(path)), None)

    def load(self, path: Path, trained: Mapping[str, torch.nn.Parameter], optimizer: Any) -> Position:
        """Put a checkpoint's weights and optimizer state in place, and say where it stands.

        Raises `RecipeMistake` when it belongs to another run, naming what differs.
        """
        self._check_identity(path, json.loads((path / STATE).read_text(encoding="utf-8"))["identity"])
        load_weights(path, trained)
        for key, value in load_file(path / OPTIMIZER).items():
            name, _, part = key.partition("//")
            parameter = trained[name]
            optimizer.state[parameter][part] = value.to(_home(parameter, part, optimizer))
        return position_of(path)

    def _check_identity(self, path: Path, found: Mapping[str, Any]) -> None:
        differing = sorted(key for key in {*found, *self.identity} if found.get(key) != self.identity.get(key))
        if differing:
            what = f"was made with another {', '.join(differing)}"
            raise RecipeMistake(str(path), what, "resume with the same recipe, or tune into another folder")

    def _drop_old(self) -> None:
        """Remove checkpoints out of force, best weights that no checkpoint left names, and what a kill left behind."""
        old = [path for path in steps_in(self.folder)[:-KEPT] if _step(path) not in self.kept_steps]
        for path in [*old, *self.folder.glob(".part-*")]:
            shutil.rmtree(path)
        named = {position_of(path).best_step for path in steps_in(self.folder) if is_whole(path)}
        for path in self.folder.glob("best-*"):
            if _step(path) not in named:
                shutil.rmtree(path)


def best_folder(folder: Path, step: int) -> Path:
    return folder / f"best-{step:06d}"


def position_of(path: Path) -> Position:
    return Position(**json.loads((path / STATE).read_text(encoding="utf-8"))["position"])


def load_weights(path: Path, trained: Mapping[str, torch.nn.Parameter]) -> None:
    """Put the weights of a checkpoint in place."""
    weights = load_file(path / WEIGHTS)
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])


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


def write_folder(final: Path, tensors: Mapping[str, Mapping[str, torch.Tensor]], state: Mapping[str, Any]) -> None:
    """Write a folder of tensors and a state beside its place, force it to the disk, and only then give it its name."""
    part = final.with_name(f".part-{final.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, values in tensors.items():
        save_file(dict(values), part / name)
    sizes = {name: (part / name).stat().st_size for name in tensors}
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
        f"{name}//{key}": value.detach().cpu().contiguous()
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
