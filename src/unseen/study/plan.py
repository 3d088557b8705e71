"""A dry run: what a recipe would do, on this machine, before anything is tuned."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.ask.hf import HfBackend
from unseen.encode.encoded import Encoded
from unseen.encode.pieces import pieces
from unseen.errors import RecipeMistake
from unseen.evaluation.evaluate import Asking, evaluate
from unseen.phases import Phase
from unseen.progress import phased
from unseen.recipe import Recipe
from unseen.study.asking import settings_of
from unseen.study.examples import TuningExamples, encode_examples
from unseen.study.exposures import exposures_of
from unseen.study.facts import format_record, idle_settings, token_record
from unseen.study.formats import format_for
from unseen.study.loading import load
from unseen.study.means import machine_facts
from unseen.study.prepare import Prepared, prepare, proof_of
from unseen.study.questions import asked_of, by_side
from unseen.study.seven_steps import seven_steps
from unseen.study.sides import sides_of
from unseen.train.dealing import dealing_of
from unseen.train.estimate import Probe, estimate, probe
from unseen.train.kept import kept_bytes
from unseen.train.plan import plan_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

TIMED = 16  # rows: four answers take as long to generate as sixteen beside each other
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: `values` are JSON-able facts, `shown` a few examples as (token, loss weight) pairs."""

    values: dict[str, Any]
    shown: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


def plan(recipe: Recipe) -> Plan:
    """Prepare, render and encode as the run would, time two micro-batches, and leave nothing behind.

    Raises what the run would raise before its first step.
    """
    if not recipe.seen:
        raise RecipeMistake(recipe.name, "has nothing to tune on", "name tasks under 'seen', or use unseen evaluate")
    has = machine_facts()  # before a model takes its share
    prepared = prepare(recipe)
    run_folder = prepared.folder_name  # now, as a run does: timing questions below opens further rows
    model = load(prepared)
    with tempfile.TemporaryDirectory(prefix="unseen-plan-") as folder, phased() as phases:
        phases(Phase("timing a few questions"))
        per_question, asked = seconds_per_question(prepared, model), tuple(asked_of(prepared))
        stored, held, counts = encode_examples(prepared, model, Path(folder), phases)
        steps = plan_steps(range(len(stored)), stored, recipe.train, counts["epoch_length"])
        lengths = stored.lengths.tolist()
        dealing = dealing_of(model, recipe.train, model.module.device)
        phases(Phase("timing two steps of tuning"))
        measured = probe(model, stored[: recipe.train.examples_per_step], dealing, recipe.train)
        cost = estimate(measured, steps, stored, dealing.deal, recipe.train, sum(len(each.ids) for each in held))
        exposures = exposures_of(each.id for each in stored)
        values = {
            "name": recipe.name,
            "folder": run_folder,
            "seen": [task.name for task in prepared.tuned_on],
            "unseen": [task.name for task in prepared.unseen],
            "hold_out": _hold_out(prepared),
            "lists": {name: each.as_json() for name, each in prepared.selected.lists.items()},
            "other_languages": list(prepared.selected.other_languages),
            "examples": counts,
            "lengths": _quantiles(lengths),
            "supervised_tokens": sum(each.supervised for each in stored),
            **_repeats(stored),
            "label_balance": label_balance(prepared),
            "exposures": {task: asdict(each) for task, each in exposures.items()},
            "questions": by_side(asked),
            "asked": [each.as_json() for each in asked],
            "asking_seconds": round(per_question * sum(each.questions for each in asked)),
            "steps": cost.steps,
            "tokens": cost.tokens,
            "nodes": cost.nodes,
            "positions_computed": cost.positions,
            "batches": dealing.batches,
            "sharing_ratio": cost.read / cost.nodes,
            "group": recipe.mixture.group,
            "tuning_seconds": round(cost.seconds),
            "memory_mb": round(cost.memory_bytes / 2**20),
            "replay_mb": round(_replay_bytes(recipe, measured) / 2**20, 1),
            "machine": has,
            "format": format_record(prepared, model),
            "idle": idle_settings(prepared),
            "delia": seven_steps(prepared, token_record(model), exposures),
        }
        places = sorted({0, len(stored) // 2, len(stored) - 1})[:SHOWN]
        shown = tuple((stored[i].id, tuple(pieces(stored[i], model.tokenizer))) for i in places)
    return Plan(values, shown)


def _replay_bytes(recipe: Recipe, measured: Probe) -> int:
    """Disk that the states of two steps take, which `unseen verify` replays."""
    if not recipe.train.keep_for_verify:
        return 0
    return kept_bytes(measured.gradient_bytes, measured.update_bytes)


def _hold_out(prepared: Prepared) -> dict[str, Any]:
    proof = proof_of(prepared.split) or {}
    return {
        name: proof.get(name) for name in ("level", "overlap", "coarser", "counts", "dropped_seen", "rules", "excluded")
    }


def _quantiles(lengths: Sequence[int]) -> dict[str, int]:
    """Tokens of the examples: the shortest, quartiles, the 95th and 99th in a hundred, the longest."""
    names = {"shortest": 0, "quarter": 25, "median": 50, "three_quarters": 75, "p95": 95, "p99": 99, "longest": 100}
    return {name: int(np.percentile(lengths, share)) for name, share in names.items()}


def _repeats(stored: Iterable[Encoded]) -> dict[str, int]:
    """`duplicates`: examples to tune on whose tokens an earlier one has too; and how many of them are `drawn_again`,
    the same row through the same template."""
    texts: set[bytes] = set()
    draws: set[tuple[str, bytes]] = set()
    found = Counter(duplicates=0, drawn_again=0)
    for each in stored:
        text = each.ids.tobytes()
        found["duplicates"] += text in texts
        found["drawn_again"] += (each.id, text) in draws
        texts.add(text)
        draws.add((each.id, text))
    return dict(found)


def label_balance(prepared: Prepared) -> dict[str, dict[str, int]]:
    """How often each answer is the right one among the drawn examples of every task that chooses."""
    found: dict[str, Counter[str]] = {}
    examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    for example in islice(examples, examples.wanted):
        if example.answer is not None:
            found.setdefault(example.task, Counter())[f"choice {example.answer + 1}"] += 1
    return {task: dict(sorted(counts.items())) for task, counts in sorted(found.items())}


def seconds_per_question(prepared: Prepared, model: LanguageModel) -> float:
    """Measured on `TIMED` rows of the first task of each side, with the recipe's shots and one template."""
    few = {"rows": TIMED, "seen_rows": TIMED, "templates": 1}
    asking = Asking(
        backend=HfBackend(
            model,
            format_for(prepared.recipe, model),
            prepared.recipe.train.batch_tokens,
            prepared.recipe.train.max_tokens,
        ),
        settings=settings_of(prepared).model_copy(update=few),
        rows_of=prepared.rows,
    )
    began, count = time.perf_counter(), 0
    for side, tasks in sides_of(prepared):
        count += sum(1 for _ in evaluate(asking, tasks[:1], side))
    return (time.perf_counter() - began) / max(count, 1)
