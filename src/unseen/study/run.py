"""A run: one tuning of a recipe, from its rows to its scores, in one folder. Killed, it goes on where it stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from unseen.study.encodings import Encodings, encodings
from unseen.study.examples import EXAMPLES
from unseen.study.facts import format_record, opening_lines, parameter_count, token_record, training_record
from unseen.study.loading import load, load_given, load_to_ask
from unseen.study.prepare import Prepared, prepare
from unseen.study.recipe_hints import hints_record
from unseen.study.record import now, write_record
from unseen.study.run_folder import RUNS, begun, check_usable, opened, taken_over
from unseen.study.scoring import score_predictions, unclean_and_void
from unseen.study.seal import sealed
from unseen.study.seven_steps import saved_facts, seven_steps
from unseen.study.shared_tuning import LOG, MODEL, TUNED_BY, is_given, share_weights
from unseen.train.ranks import Ranks, as_one, check_sharding, join
from unseen.train.steplog import read_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel
    from unseen.train.loop import Tuned


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
    finished runs, of which one may be this very run (done_before.py), or have done its tuning. `command` is what the
    record says that ran, this process's own command where none is given.
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
        record = ranks.shared(lambda: opened(folder, prepared, resume, command, done))
        if record.get("finished"):
            say(f"finished before: {folder}")
            return Run(folder, record)
        model = load(prepared)  # a model that cannot be used leaves no folder
        for line in opening_lines(prepared):
            say(line)
        with told_when_full("the run", folder, RESUME):
            _write(ranks, folder, record)
            asked, record = _base_and_tuned(ranks, prepared, model, folder, record, alike, done)
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
        ranks.shared(lambda: check_usable(folder, prepared))
        record = begun(folder, prepared, command)
        if run := same_run(recipe, record, done, tuned=False):
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


def _base_and_tuned(
    ranks: Ranks,
    prepared: Prepared,
    model: LanguageModel,
    folder: Path,
    record: dict[str, Any],
    alike: Sequence[Path],
    done: Sequence[Path],
) -> tuple[list[Asked], dict[str, Any]]:
    """Ask the base model where the recipe wants it, tune it, ask the tuned one; the record as it is then."""
    seconds = dict(record.get("seconds", {}))
    record |= {"seconds": seconds}
    asked: list[Asked] = []
    if prepared.recipe.evaluate.base:
        with _timed(seconds, "asking base"):
            asked.append(ask_model(prepared, model, "base", ranks))
    with _timed(seconds, "rendering and encoding"):
        encoded = encodings(ranks, prepared, model, folder)
    if not ranks.shared(lambda: is_given(folder)):
        record |= _begins(prepared, model, encoded)
        record = ranks.shared(lambda: taken_over(folder, record, alike, done))
    if is_given(folder):
        model = load_given(prepared, model, folder / MODEL)
    else:
        tuned = _tuned(ranks, prepared, model, folder, encoded)
        model = tuned.model
        record |= {"training": training_record(tuned, prepared), "tokens": token_record(model)}
    seconds["tuning"] = round(sum(float(line["seconds"]) for line in read_steps(folder / LOG)), 1)
    if ranks.leads:
        if TUNED_BY in record:
            share_weights(folder / record[TUNED_BY], folder)
        saved = saved_facts(folder, prepared.recipe, record["training"])
        record |= {"delia": seven_steps(prepared, record["tokens"], encoded.exposures, saved)}
    _write(ranks, folder, record)
    with _timed(seconds, "asking tuned"):
        asked.append(ask_model(prepared, model, "tuned", ranks))
    return asked, record


def _begins(prepared: Prepared, model: LanguageModel, encoded: Encodings) -> dict[str, Any]:
    """What the record says once the examples are drawn, before the first step."""
    return {
        "counts": encoded.counts,
        "examples": encoded.digests,
        "format": format_record(prepared, model),
        "parameters": parameter_count(model),
        "tokens": token_record(model),
        "delia": seven_steps(prepared, token_record(model), encoded.exposures),
    }


def _tuned(ranks: Ranks, prepared: Prepared, model: LanguageModel, folder: Path, encoded: Encodings) -> Tuned:
    """The model, tuned from where the folder's last checkpoint stands and left there."""
    from unseen.train.kept import drawn_steps
    from unseen.train.loop import finish
    from unseen.train.loop import tune as tune_model

    train, stored, steps = prepared.recipe.train, encoded.examples, encoded.steps
    say(f"tuning: {len(steps)} steps over {len(stored)} examples, {int(stored.lengths.sum())} tokens")
    tuned = tune_model(
        model,
        steps,
        train,
        folder,
        examples=stored,
        validation=encoded.validation,
        seed=prepared.recipe.seed,
        resume=True,
        replayed=drawn_steps(stored.digest, len(steps)) if train.keep_for_verify else frozenset(),
    )
    if ranks.leads:
        finish(tuned, folder, *_tuned_on(prepared))
    return tuned


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


def _tuned_on(prepared: Prepared) -> tuple[list[str], list[str]]:
    datasets = [task.dataset for task in prepared.tuned_on]
    origins = {origin for each in datasets for origin in (*each.origin, *each.shares_rows_with)}
    return [task.name for task in prepared.tuned_on], sorted(origins)
