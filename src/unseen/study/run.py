"""A run: one tuning of a recipe, from its rows to its scores, in one folder. Killed, it goes on where it stopped."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.encode import encode_many
from unseen.encode.encoded import Encoded
from unseen.encode.format import format_facts, format_of
from unseen.encode.store import EncodedStore
from unseen.errors import RecipeMistake, TooLong
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter
from unseen.progress import say
from unseen.recipe import Recipe
from unseen.study.asking import Asked, ask_model
from unseen.study.examples import TuningExamples, encoded_examples, validation_examples
from unseen.study.fingerprint import versions
from unseen.study.prepare import Prepared, prepare, proof_of
from unseen.study.record import NAME, now, read_record, write_record
from unseen.study.scoring import score_predictions

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder, and its record as record.json holds it."""

    folder: Path
    record: dict[str, Any]


def tune(recipe: Recipe, out: Path | None = None, resume: bool = False) -> Run:
    """Tune on the seen side, ask base and tuned model on both, score, and leave everything in one folder.

    The folder is `out`, else runs/<name>-<first 8 of the fingerprint>. A run that is finished is not repeated; one
    that was stopped goes on with `resume`, from its last checkpoint and with every answer that it had.
    Raises the mistakes of `prepare`, `RecipeMistake` for a folder that cannot be used, and `NonFiniteLoss`.
    """
    if not recipe.seen:
        raise RecipeMistake(recipe.name, "has nothing to tune on", "name tasks under 'seen', or use unseen evaluate")
    prepared = prepare(recipe)
    folder = out or RUNS / prepared.folder_name
    record = _opened(folder, prepared, resume)
    if record.get("finished"):
        say(f"finished before: {folder}")
        return Run(folder, record)
    model = load(prepared)  # a model that cannot be used leaves no folder
    for line in opening_lines(prepared):
        say(line)
    write_record(folder, record)
    asked, record = _base_and_tuned(prepared, model, folder, record)
    record = _scored(folder, record, asked)
    shutil.rmtree(folder / "examples", ignore_errors=True)
    record |= {"finished": now()}
    write_record(folder, record)
    return Run(folder, record)


def evaluate(recipe: Recipe, out: Path | None = None) -> Run:
    """Ask the recipe's model the tasks of both sides and score it; nothing is tuned.

    The folder is `out`, else runs/<name>-<first 8 of the fingerprint>; what it held is written again.
    """
    prepared = prepare(recipe)
    folder = out or RUNS / f"{prepared.folder_name}-asked"
    _usable(folder, prepared)
    record = new_record(prepared)
    model = load(prepared)
    record |= {"format": format_record(prepared, model)}
    asked = ask_model(prepared, model, "tuned" if model.folder.base else "base")
    write_record(folder, record)
    record = _scored(folder, record, [asked]) | {"finished": now()}
    write_record(folder, record)
    return Run(folder, record)


def load(prepared: Prepared) -> LanguageModel:
    """The recipe's model in memory, on a GPU where there is one.

    Weights are float32, since what is tuned must not be rounded; under LoRA on a GPU that has it the frozen base is
    bfloat16, as it fits twice the model.
    """
    import torch

    from unseen.model.load import load_model

    on_gpu = torch.cuda.is_available()
    rounded = on_gpu and torch.cuda.is_bf16_supported() and prepared.recipe.train.method == "lora"
    model = load_model(prepared.model, "bfloat16" if rounded else "float32", prepared.recipe.trust_remote_code)
    return replace(model, module=model.module.to("cuda")) if on_gpu else model


def _base_and_tuned(
    prepared: Prepared, model: LanguageModel, folder: Path, record: dict[str, Any]
) -> tuple[list[Asked], dict[str, Any]]:
    """Ask the base model, tune it, ask the tuned one; the record as it is then."""
    from unseen.train.loop import finish
    from unseen.train.loop import tune as tune_model
    from unseen.train.plan import plan_steps

    recipe, seconds = prepared.recipe, dict(record.get("seconds", {}))
    began = time.perf_counter()
    base = ask_model(prepared, model, "base")
    seconds["asking base"] = round(time.perf_counter() - began, 1)

    began = time.perf_counter()
    stored, held, counts = encode_examples(prepared, model, folder)
    steps = plan_steps(range(len(stored)), stored, recipe.train, counts["epoch_length"])
    record |= {"counts": counts, "format": format_record(prepared, model), "seconds": seconds}
    write_record(folder, record)
    seconds["rendering and encoding"] = round(time.perf_counter() - began, 1)
    say(f"tuning: {len(steps)} steps over {len(stored)} examples, {int(stored.lengths.sum())} tokens")

    began = time.perf_counter()
    tuned = tune_model(
        model, steps, recipe.train, folder, examples=stored, validation=held, seed=recipe.seed, resume=True
    )
    names, origins = _tuned_on(prepared)
    finish(tuned, folder, names, origins)
    seconds["tuning"] = round(sum(float(line["seconds"]) for line in tuned.steps), 1)
    record |= {"training": training_record(tuned, prepared)}
    write_record(folder, record)

    began = time.perf_counter()
    after = ask_model(prepared, tuned.model, "tuned")
    seconds["asking tuned"] = round(time.perf_counter() - began, 1)
    return [base, after], record


def encode_examples(
    prepared: Prepared, model: LanguageModel, folder: Path
) -> tuple[EncodedStore, list[Encoded], dict[str, Any]]:
    """The run's examples and its validation examples as tokens, and counts of what was drawn, left out and cut."""
    recipe = prepared.recipe
    format = format_of(recipe.format, model.tokenizer, recipe.system)
    too_long: list[TooLong] = []
    encode = partial(
        encode_many,
        tokenizer=model.tokenizer,
        format=format,
        limit=min(recipe.train.max_tokens, model.context),
        prompt_weight=recipe.train.prompt_weight,
        too_long=too_long.append,
    )
    examples = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    stored = EncodedStore.write(folder / "examples", encoded_examples(examples, encode))
    left_out = len(too_long)
    held = validation_examples(recipe, prepared.seen, prepared.seen_rows, prepared.rows)
    validation = list(encode(held))
    cuts: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for each in stored:
        cuts.update(each.cuts)
        drawn[each.id.partition("|")[0]] += 1
    counts = {
        "examples": len(stored),
        "epoch_length": examples.mixture.epoch_length,
        "empty_renderings": examples.counts["empty"],
        "too_long": left_out,
        "cuts": dict(cuts),
        "drawn": dict(sorted(drawn.items())),
        "rates": dict(zip(examples.mixture.names, examples.mixture.rates, strict=True)),
        "validation_examples": len(validation),
        "rows": {name: dict(each) for name, each in prepared.seen_rows.counts.items()},
    }
    return stored, validation, counts


def _scored(folder: Path, record: dict[str, Any], asked: Sequence[Asked]) -> dict[str, Any]:
    """Write predictions.parquet and scores.json, and note in the record what was left out."""
    predictions: list[Prediction] = [each for part in asked for each in part.predictions]
    with PredictionWriter(folder / "predictions.parquet") as writer:
        for prediction in predictions:
            writer.write(prediction)
    clean = {name: rows for name, rows in (record["hold_out"] or {}).get("unclean_unseen", {}).items() if rows}
    summary = score_predictions(folder, predictions, clean, record["recipe"]["seed"])
    left_out = Counter[str]()
    for part in asked:
        left_out.update(part.left_out)
    return record | {"left_out": dict(left_out), "summary": summary}


def _opened(folder: Path, prepared: Prepared, resume: bool) -> dict[str, Any]:
    """The record to go on with: the folder's own, or a new one."""
    _usable(folder, prepared)
    if not (folder / NAME).is_file():
        return new_record(prepared)
    record = read_record(folder)
    if not record.get("finished") and not resume:
        raise RecipeMistake(str(folder), "holds a run that was stopped", "add --resume to go on, or name another --out")
    return record


def _usable(folder: Path, prepared: Prepared) -> None:
    above = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not above.is_dir():
        what = "is no folder" if above == folder else f"cannot be made, since {above} is no folder"
        raise RecipeMistake(str(folder), what, "name another folder with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / NAME).is_file():
        raise RecipeMistake(str(folder), "holds something else than a run", "name another folder with --out")
    if (folder / NAME).is_file() and read_record(folder).get("fingerprint") != prepared.fingerprint:
        what = "holds another run: rows, templates, model or settings differ"
        raise RecipeMistake(str(folder), what, "name another folder with --out")


def new_record(prepared: Prepared) -> dict[str, Any]:
    """What is known before any model is loaded."""
    recipe = prepared.recipe
    return {
        "name": recipe.name,
        "fingerprint": prepared.fingerprint,
        "command": " ".join(["unseen", *sys.argv[1:]]),
        "started": now(),
        "versions": versions(),
        "recipe": recipe.canonical(),
        "tasks": {
            "seen": [task.name for task in prepared.tuned_on],
            "unseen": [task.name for task in prepared.unseen],
            "missing": dict(prepared.catalog.missing_of((*recipe.seen, *recipe.unseen))),
        },
        "model": {
            "name": prepared.model.name,
            "digest": prepared.model.digest,
            "revision": prepared.model.revision,
            "instruction_tuned_on": prepared.model.instruction_tuned_on,
            "conflicts": dict(prepared.conflicts),
        },
        "mixture": {"group": recipe.mixture.group},
        "rows": prepared.rows.digests(),
        "hold_out": proof_of(prepared.split),
        "seen_side": proof_of(prepared.seen_split),
    }


def opening_lines(prepared: Prepared) -> list[str]:
    """What a person wants to know before the long part begins."""
    lines = [
        f"{prepared.recipe.name} {prepared.fingerprint[:8]}: {len(prepared.tuned_on)} seen tasks, "
        f"{len(prepared.unseen)} unseen, model {prepared.model.name}"
    ]
    if prepared.split:
        found = len(prepared.split.proof.counts)
        lines.append(f"held out at level {prepared.split.level}; text overlap between the sides: {found or 'none'}")
    void = [f"{task} ({', '.join(on)})" for task, on in prepared.conflicts.items() if isinstance(on, tuple)]
    if void:
        lines.append(f"void: the model was tuned on these before: {'; '.join(void)}")
    return lines


def format_record(prepared: Prepared, model: LanguageModel) -> dict[str, Any]:
    recipe = prepared.recipe
    return asdict(format_facts(model.tokenizer, format_of(recipe.format, model.tokenizer, recipe.system)))


def training_record(tuned: Any, prepared: Prepared) -> dict[str, Any]:
    """What tuning did, beside the lines of steps.jsonl."""
    tokens = sum(line["tokens"] for line in tuned.steps)
    padded = sum(line["tokens_padded"] for line in tuned.steps)
    return {
        "steps": len(tuned.steps),
        "kept_step": tuned.kept_step,
        "precision": tuned.precision,
        "readout": tuned.readout,
        "processes": tuned.processes,
        "trained_parameters": tuned.trained_parameters,
        "tokens": tokens,
        "positions_computed": padded,
        "sharing_ratio": 1.0,
        "group": prepared.recipe.mixture.group,
    }


def _tuned_on(prepared: Prepared) -> tuple[list[str], list[str]]:
    origins = {origin for task in prepared.tuned_on for origin in task.dataset.origin}
    return [task.name for task in prepared.tuned_on], sorted(origins)
