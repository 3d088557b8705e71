"""A run: one tuning of a recipe, from its rows to its scores, in one folder. Killed, it goes on where it stopped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.encoded import Encoded
from unseen.encode.store import EncodedStore
from unseen.errors import RecipeMistake
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter
from unseen.fulldisk import AGAIN, RESUME, told_when_full
from unseen.phases import Phase
from unseen.progress import phased, say
from unseen.recipe import Recipe
from unseen.study.asking import Asked, ask_model, most_left_out
from unseen.study.bleurt import check_bleurt, judged_by_bleurt
from unseen.study.done_before import same_run, take_whole
from unseen.study.examples import EXAMPLES, encode_examples
from unseen.study.exposures import exposures_of
from unseen.study.facts import format_record, new_record, opening_lines, parameter_count, token_record, training_record
from unseen.study.prepare import Prepared, prepare
from unseen.study.recipe_hints import hints_record
from unseen.study.record import NAME, now, read_record, write_record
from unseen.study.recorded import recipe_record
from unseen.study.scoring import score_predictions, unclean_and_void
from unseen.study.seal import sealed
from unseen.study.seven_steps import is_delia, saved_facts, seven_steps
from unseen.study.shared_tuning import giver, has_checkpoint, take_over
from unseen.train.ranks import Ranks, as_one, check_sharding, join

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder, and its record as record.json holds it."""

    folder: Path
    record: dict[str, Any]


def tune(
    recipe: Recipe,
    out: Path | None = None,
    resume: bool = False,
    alike: Sequence[Path] = (),
    command: str | None = None,
    done: Sequence[Path] = (),
) -> Run:
    """Tune on the seen side, ask base and tuned model on both, score, and leave everything in one folder.

    The folder is `out`, else runs/<name>-<first 8 of the fingerprint>. A run that is finished is not repeated; one
    that was stopped goes on with `resume`, from its last checkpoint and with every answer that it had. `alike` are
    folders of runs that may have done the same tuning: it is then taken over from them (shared_tuning.py); `done` are
    finished runs, of which one may be this very run (done_before.py). `command` is what the record says that ran, this
    process's own command where none is given.
    Raises the mistakes of `prepare`, `RecipeMistake` for a folder that cannot be used, `NonFiniteLoss`, and
    `DiskFull`, which loses nothing that a checkpoint or the answer cache holds.
    """
    if not recipe.seen:
        raise RecipeMistake(recipe.name, "has nothing to tune on", "name tasks under 'seen', or use unseen evaluate")
    check_sharding(recipe.train)
    check_bleurt(recipe)
    with as_one():
        ranks = join()
        prepared = _prepared(ranks, recipe)
        folder = out or RUNS / prepared.folder_name
        record = ranks.shared(lambda: _opened(folder, prepared, resume, command, done))
        if record.get("finished"):
            say(f"finished before: {folder}")
            return Run(folder, record)
        model = load(prepared)  # a model that cannot be used leaves no folder
        for line in opening_lines(prepared):
            say(line)
        with told_when_full("the run", folder, RESUME):
            _write(ranks, folder, record)
            asked, record = _base_and_tuned(ranks, prepared, model, folder, record, alike)
            return ranks.shared(lambda: _finished(prepared, folder, record, asked))


def evaluate(recipe: Recipe, out: Path | None = None, command: str | None = None, done: Sequence[Path] = ()) -> Run:
    """Ask the recipe's model the tasks of both sides and score it; nothing is tuned.

    The folder is `out`, else runs/<name>-<first 8 of the fingerprint>-asked; what it held is written again.
    `command` and `done` are as in `tune`.
    """
    check_bleurt(recipe)
    with as_one():
        ranks = join()
        prepared = _prepared(ranks, recipe)
        folder = out or RUNS / f"{prepared.folder_name}-asked"
        ranks.shared(lambda: _usable(folder, prepared))
        record = _new_record(folder, prepared, command)
        if run := same_run(record, done, tuned=False):
            return Run(folder, ranks.shared(lambda: take_whole(run, folder, record)))
        model = load_to_ask(prepared)
        record |= {"format": format_record(prepared, model), "parameters": parameter_count(model)}
        record |= {"tokens": token_record(model)}
        asked = ask_model(prepared, model, "tuned" if model.folder.base else "base", ranks)
        with told_when_full("the run", folder, AGAIN):
            _write(ranks, folder, record)
            return ranks.shared(lambda: _finished(prepared, folder, record, [asked]))


def _prepared(ranks: Ranks, recipe: Recipe) -> Prepared:
    """What the recipe comes to, which every rank finds out for itself: the first one fetches, all find the same."""
    prepared = ranks.in_turn(lambda: prepare(recipe))
    ranks.agree(prepared.fingerprint)
    return prepared


def _write(ranks: Ranks, folder: Path, record: dict[str, Any]) -> None:
    if ranks.leads:
        write_record(folder, record)


def _finished(prepared: Prepared, folder: Path, record: dict[str, Any], asked: Sequence[Asked]) -> Run:
    with phased() as phases:
        phases(Phase("scoring its answers"))
        record = sealed(folder, _scored(prepared, folder, record, asked) | {"finished": now()})
    shutil.rmtree(folder / EXAMPLES, ignore_errors=True)
    write_record(folder, record)
    return Run(folder, record)


def load_to_ask(prepared: Prepared) -> LanguageModel:
    """The same for a model that is asked as it stands: tokens that its own tuning gave it are left as they are."""
    given = {each.text for each in prepared.model.all_tokens}
    left = {text: said for text, said in prepared.recipe.tokens.items() if text not in given}
    return load(replace(prepared, recipe=prepared.recipe.model_copy(update={"tokens": left})))


def load(prepared: Prepared) -> LanguageModel:
    """The recipe's model in memory with the recipe's tokens, on a GPU where there is one.

    Weights are float32, since what is tuned must not be rounded; under LoRA on a GPU that has it the frozen base is
    bfloat16, as it fits twice the model, or of `base_bits`. Raises what `check_base_bits` does.
    """
    import torch

    from unseen.model.load import load_model
    from unseen.model.new_tokens import with_tokens
    from unseen.model.quantise import check_base_bits

    check_base_bits(prepared.recipe.train)
    on_gpu = torch.cuda.is_available()
    rounded = on_gpu and torch.cuda.is_bf16_supported() and prepared.recipe.train.method != "full"
    recipe = prepared.recipe
    bits = recipe.train.base_bits
    with phased() as phases:
        phases(Phase(f"loading {recipe.model}"))
        model = load_model(prepared.model, "bfloat16" if rounded else "float32", recipe.trust_remote_code, bits)
        model = with_tokens(model, recipe.tokens, recipe.seed)
    # A quantised model is on the GPU since it was loaded, and cannot be moved as a whole.
    return replace(model, module=model.module.to("cuda")) if on_gpu and model.base_bits is None else model


def _base_and_tuned(
    ranks: Ranks,
    prepared: Prepared,
    model: LanguageModel,
    folder: Path,
    record: dict[str, Any],
    alike: Sequence[Path],
) -> tuple[list[Asked], dict[str, Any]]:
    """Ask the base model where the recipe wants it, tune it, ask the tuned one; the record as it is then."""
    from unseen.train.kept import drawn_steps, validation_digest
    from unseen.train.loop import finish
    from unseen.train.loop import tune as tune_model
    from unseen.train.plan import plan_steps

    recipe, seconds = prepared.recipe, dict(record.get("seconds", {}))
    asked: list[Asked] = []
    if recipe.evaluate.base:
        with _timed(seconds, "asking base"):
            asked.append(ask_model(prepared, model, "base", ranks))
    with _timed(seconds, "rendering and encoding"):
        stored, held, counts = _encoded(ranks, prepared, model, folder)
        steps = plan_steps(range(len(stored)), stored, recipe.train, counts["epoch_length"])
    exposures = exposures_of(each.id for each in stored) if is_delia(recipe) else {}
    drawn = {"digest": stored.digest, "steps": steps.digest, "validation": validation_digest(held)}
    record |= {
        "counts": counts,
        "examples": drawn,
        "format": format_record(prepared, model),
        "parameters": parameter_count(model),
        "tokens": token_record(model),
        "seconds": seconds,
        "delia": seven_steps(prepared, token_record(model), exposures),
    }
    record = ranks.shared(lambda: _taken_over(folder, record, alike))
    say(f"tuning: {len(steps)} steps over {len(stored)} examples, {int(stored.lengths.sum())} tokens")
    replayed = drawn_steps(stored.digest, len(steps)) if recipe.train.keep_for_verify else frozenset[int]()
    tuned = tune_model(
        model,
        steps,
        recipe.train,
        folder,
        examples=stored,
        validation=held,
        seed=recipe.seed,
        resume=True,
        replayed=replayed,
    )
    if ranks.leads:
        finish(tuned, folder, *_tuned_on(prepared))
    seconds["tuning"] = round(sum(float(line["seconds"]) for line in tuned.steps), 1)
    record |= {"training": training_record(tuned, prepared), "tokens": token_record(tuned.model)}
    if ranks.leads:
        saved = saved_facts(folder, recipe, record["training"])
        record |= {"delia": seven_steps(prepared, record["tokens"], exposures, saved)}
    _write(ranks, folder, record)
    with _timed(seconds, "asking tuned"):
        asked.append(ask_model(prepared, tuned.model, "tuned", ranks))
    return asked, record


def _taken_over(folder: Path, record: dict[str, Any], alike: Sequence[Path]) -> dict[str, Any]:
    """The record, written; with the run in `alike` that did the same tuning, whose outcome then lies in `folder`."""
    run = None
    if not has_checkpoint(folder):
        record.pop("tuned_by", None)  # of an attempt that was killed before it had taken over
        run = giver(record, alike)
    if run is not None:
        record |= {"tuned_by": os.path.relpath(run, folder)}
    write_record(folder, record)
    if run is not None:
        take_over(run, folder)
        say(f"tuned as {run} was, which is taken over")
    return record


def _encoded(
    ranks: Ranks, prepared: Prepared, model: LanguageModel, folder: Path
) -> tuple[EncodedStore, list[Encoded], dict[str, Any]]:
    """The run's examples, its validation examples and the counts; the first rank writes the store that all read."""
    with phased() as phases:
        held, counts = ranks.shared(lambda: encode_examples(prepared, model, folder, phases)[1:])
    return EncodedStore(folder / EXAMPLES), held, counts


@contextmanager
def _timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[what] = round(time.perf_counter() - began, 1)


def _scored(prepared: Prepared, folder: Path, record: dict[str, Any], asked: Sequence[Asked]) -> dict[str, Any]:
    """Write predictions.parquet and scores.json, and note in the record what was left out."""
    answered: list[Prediction] = [each for part in asked for each in part.predictions]
    predictions, bleurt = judged_by_bleurt(prepared.recipe, answered)
    with PredictionWriter(folder / "predictions.parquet") as writer:
        for prediction in predictions:
            writer.write(prediction)
    summary = score_predictions(folder, predictions, *unclean_and_void(record), record["recipe"]["seed"])
    record |= {"left_out": most_left_out(asked), "reading": asked[-1].reading, "summary": summary}
    if hints := hints_record((*prepared.seen, *prepared.unseen), predictions):
        record["asked"] |= {"hints": hints}
    if bleurt:
        record["bleurt"] = bleurt
    return record


def _opened(
    folder: Path, prepared: Prepared, resume: bool, command: str | None, done: Sequence[Path]
) -> dict[str, Any]:
    """The record to go on with: the folder's own, that of the same run in `done`, or a new one."""
    _usable(folder, prepared)
    if not (folder / NAME).is_file():
        record = _new_record(folder, prepared, command) | {"delia": seven_steps(prepared)}
        run = same_run(record, done, tuned=True)
        return take_whole(run, folder, record) if run else record
    record = read_record(folder)
    if not record.get("finished") and not resume:
        raise RecipeMistake(str(folder), "holds a run that was stopped", "add --resume to go on, or name another --out")
    return record


def _new_record(folder: Path, prepared: Prepared, command: str | None) -> dict[str, Any]:
    record = new_record(prepared) | recipe_record(prepared.recipe, folder)
    return record if command is None else record | {"command": command}


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


def _tuned_on(prepared: Prepared) -> tuple[list[str], list[str]]:
    datasets = [task.dataset for task in prepared.tuned_on]
    origins = {origin for each in datasets for origin in (*each.origin, *each.shares_rows_with)}
    return [task.name for task in prepared.tuned_on], sorted(origins)
