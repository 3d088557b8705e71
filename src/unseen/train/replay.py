"""Doing kept steps of a run again, on one process, whatever number of processes did them first."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.encoded import Encoded
from unseen.recipe import TrainSettings
from unseen.train.checkpoint import load_optimizer, load_weights
from unseen.train.kept import facts_of, outcome_of, read_kept
from unseen.train.loop import ready
from unseen.train.plan import StepPlan
from unseen.train.run import Run, take_step

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True)
class Replayed:
    """A step done again. `kept` and `state` are what the run wrote down after and before it; `again` and `facts` are
    the same as they are now; `differing` names what of the run's identity is another one now."""

    step: int
    kept: dict[str, Any]
    again: dict[str, Any]
    state: dict[str, Any]
    facts: dict[str, Any]
    differing: tuple[str, ...]


def replay(
    load: Callable[[], LanguageModel],
    steps: StepPlan,
    settings: TrainSettings,
    folders: Sequence[Path],
    *,
    examples: Sequence[Encoded],
    seed: int,
) -> Iterator[Replayed]:
    """Do the steps kept in `folders` again, each from its kept state. `load` gives the start model, which is used up.

    Micro-batches are cut as the run cut them, since LoRA's dropout is drawn for each.
    """
    for budget in _budgets(folders):
        alike = [folder for folder in folders if _budget(folder) == budget]
        values = dict(zip(("batch_tokens", "batches"), budget, strict=True))
        own = settings.model_copy(update={**values, "sharding": "none", "tracker": ()})
        with (
            tempfile.TemporaryDirectory(prefix="unseen-replay-") as out,
            ready(load(), steps, own, Path(out), examples, seed=seed) as (_, run, _),
        ):
            done = [_again(run, folder) for folder in alike]
        yield from done


def _again(run: Run, folder: Path) -> Replayed:
    state, kept = read_kept(folder)
    load_weights(folder, run.trained)
    run.optimizer.state.clear()
    load_optimizer(folder, run.trained, run.optimizer)
    number = int(state["step"]) - 1
    facts = facts_of(run, number)
    line = take_step(run, number)
    again = {**outcome_of(run), "loss": line.loss, "grad_norm": line.grad_norm, "step": line.step}
    now, then = run.checkpoints.identity, state["identity"]
    differing = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    return Replayed(line.step, kept, again, state, facts, tuple(differing))


def _budget(folder: Path) -> tuple[int, str]:
    state, _ = read_kept(folder)
    return state["batch_tokens"], state["batches"]


def _budgets(folders: Sequence[Path]) -> list[tuple[int, str]]:
    """How steps were cut into micro-batches: one way, unless a resumed run was given another."""
    return list(dict.fromkeys(map(_budget, folders)))
