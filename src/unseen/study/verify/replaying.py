"""Whether a run's examples and its log follow from its recipe, and whether its kept steps come out again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.store import EncodedStore
from unseen.study.examples import encode_examples
from unseen.study.prepare import Prepared
from unseen.study.verify.outcome import Check, Difference, compared, judged
from unseen.train.plan import StepPlan, plan_steps
from unseen.train.steplog import read_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel
    from unseen.train.replay import Replayed

SUMMED = {"tokens": "tokens", "nodes": "nodes", "positions_computed": "positions"}


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a step done again may be from the first time, and why so far. `bits`: its parameters must be equal."""

    loss: float
    norm: float
    parameters: float
    bits: bool
    why: str


EXACT = Tolerance(1e-6, 1e-5, 1e-4, True, "on the same kind of machine")
SPREAD = Tolerance(1e-6, 1e-5, 1e-4, False, "first done by several processes")
ON_GPU = Tolerance(1e-6, 1e-5, 1e-4, False, "on a GPU, where sums have no fixed order")
ELSEWHERE = Tolerance(1e-4, 1e-4, 1e-4, False, "first done on another kind of machine or by other threads")
HALF = Tolerance(1e-2, 5e-2, 1e-3, False, "in half precision, by other threads, processes or another machine")


def check_steps(folder: Path, record: Mapping[str, Any], prepared: Prepared, replay_steps: bool) -> Iterator[Check]:
    """The run's examples, its log and its kept steps; the examples are drawn, rendered and encoded again."""
    from unseen.study.loading import load
    from unseen.train.kept import validation_digest

    with tempfile.TemporaryDirectory(prefix="unseen-verify-") as place:
        stored, held, counts = encode_examples(prepared, load(prepared), Path(place))
        steps = plan_steps(range(len(stored)), stored, prepared.recipe.train, counts["epoch_length"])
        now = {"digest": stored.digest, "steps": steps.digest, "validation": validation_digest(held)}
        yield _check_examples(record, now, len(stored), len(steps), counts)
        yield _check_log(folder, record, prepared, stored, steps)
        if replay_steps:
            yield _check_replay(folder, record, prepared, stored, steps)
        else:
            yield Check("replay", "skipped", "as asked")


def _check_examples(
    record: Mapping[str, Any], now: Mapping[str, str], examples: int, steps: int, counts: Mapping[str, Any]
) -> Check:
    told = f"{examples} examples in {steps} steps, drawn, rendered and encoded again"
    if "examples" not in record:
        told += "; their digest was not kept, their counts were"
    differences = [
        *compared(record["counts"], json.loads(json.dumps(counts)), "counts"),
        *compared(record.get("examples", {}), now, "examples"),
    ]
    return judged("examples", told, differences)


def _check_log(
    folder: Path, record: Mapping[str, Any], prepared: Prepared, stored: EncodedStore, steps: StepPlan
) -> Check:
    lines = read_steps(folder / "steps.jsonl")
    told = f"{len(lines)} steps with the learning rates, examples and sums that the recipe gives"
    return judged("log", told, _unlike_log(lines, record["training"], prepared, stored, steps))


def _unlike_log(
    lines: Sequence[Mapping[str, Any]],
    training: Mapping[str, Any],
    prepared: Prepared,
    stored: EncodedStore,
    steps: StepPlan,
) -> Iterator[Difference]:
    from unseen.train.optim import learning_rate

    if len(lines) != len(steps):
        yield Difference("steps.jsonl, steps", str(len(lines)), str(len(steps)))
        return
    for number, line in enumerate(lines):
        now = {
            "step": number + 1,
            "learning_rate": learning_rate(prepared.recipe.train, number, len(steps)),
            "supervised_tokens": sum(stored[int(index)].supervised for index in steps.step(number)),
            "epoch": steps.epoch(number),
        }
        recorded = {name: line.get(name) for name in now}
        yield from compared(recorded, now, f"steps.jsonl, step {number + 1}", 1e-12)
    sums = {name: sum(line[each] for line in lines) for name, each in SUMMED.items()}
    yield from compared({name: training[name] for name in sums}, sums, "record.json: training")


def _check_replay(
    folder: Path, record: Mapping[str, Any], prepared: Prepared, stored: EncodedStore, steps: StepPlan
) -> Check:
    from unseen.study.loading import load
    from unseen.train.kept import FOLDER, drawn_steps, kept_in
    from unseen.train.replay import replay

    kept = kept_in(folder / FOLDER)
    wanted = sorted(number + 1 for number in drawn_steps(stored.digest, len(steps)))
    if not kept and not record["recipe"]["train"].get("keep_for_verify"):
        return Check("replay", "not kept", "the run kept no state to replay (train.keep_for_verify)")
    logged = {line["step"]: line for line in read_steps(folder / "steps.jsonl")}

    def start() -> LanguageModel:
        return load(prepared)

    differences = list(compared(wanted, [int(path.name.rpartition("-")[2]) for path in kept], "replay, drawn steps"))
    told: list[str] = []
    for done in replay(start, steps, prepared.recipe.train, kept, examples=stored, seed=prepared.recipe.seed):
        allowed = tolerance_of(done)
        told.append(_told(done, allowed))
        differences += compared(logged.get(done.step, {}).get("loss"), done.kept["loss"], f"step {done.step}: loss")
        differences += _unlike_step(done, allowed)
    return judged("replay", "; ".join(told) or "no step was replayed", differences)


def tolerance_of(done: Replayed) -> Tolerance:
    """By where the step was done the first time, and where it is done now."""
    then, now, alone = done.state["machine"], done.facts["machine"], done.state["processes"] == 1
    if then == now and alone and now["kind"] == "cpu":
        return EXACT
    if "bfloat16" in (then["precision"], now["precision"]):
        return HALF
    if then != now:
        return ELSEWHERE
    return ON_GPU if alone else SPREAD


def _unlike_step(done: Replayed, allowed: Tolerance) -> Iterator[Difference]:
    where = f"replay/step-{done.step:06d}"
    for name in done.differing:
        yield Difference(f"{where}: {name}", "the run's", "another one now")
    yield from compared(done.state["examples"], done.facts["examples"], f"{where}: examples")
    if allowed.bits:
        yield from compared(done.state["micro_batches"], done.facts["micro_batches"], f"{where}: micro-batches", 1e-6)
    for name, within in (("loss", allowed.loss), ("grad_norm", allowed.norm)):
        yield from _beyond(done.kept[name], done.again[name], within, f"{where}: {name}")
    if allowed.bits:
        yield from compared(done.kept["digest"], done.again["digest"], f"{where}: digest of the parameters after it")
    yield from compared(sorted(done.kept["tensors"]), sorted(done.again["tensors"]), f"{where}: trained tensors")
    yield from compared(done.kept["tensors"], done.again["tensors"], f"{where}: parameters", allowed.parameters)


def _beyond(recorded: float, found: float, within: float, where: str) -> Iterator[Difference]:
    if not abs(recorded - found) <= within * abs(recorded):
        yield Difference(where, repr(recorded), repr(found))


def _told(done: Replayed, allowed: Tolerance) -> str:
    kept, again = done.kept, done.again
    bits = "the same parameters, bit by bit" if kept["digest"] == again["digest"] else f"within {allowed.parameters:g}"
    return f"step {done.step}: loss {again['loss']:.6f}, {bits} ({allowed.why})"
