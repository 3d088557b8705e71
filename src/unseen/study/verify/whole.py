"""`unseen verify` of a run folder: everything that can be done again is done again and compared with what is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake, HoldOutMistake, UserMistake
from unseen.evaluation.prediction import Prediction
from unseen.model.folder import resolve
from unseen.study.asking import Asked, most_left_out
from unseen.study.prepare import Prepared, prepare
from unseen.study.record import read_record
from unseen.study.recorded import recorded_recipe
from unseen.study.verify.identity import check_files, check_fingerprint, check_record
from unseen.study.verify.outcome import DAMAGED, Check, impossible, tried, tried_all
from unseen.study.verify.reasking import SAMPLED, Reasked, check_left_out, check_predictions
from unseen.study.verify.replaying import check_steps
from unseen.study.verify.rescoring import check_judgements, check_scores, stored_predictions
from unseen.study.verify.split import check_rows, check_split

SKIPPABLE = ("model", "answers", "replay")


def verify_run(folder: Path, skip: Collection[str] = ()) -> Iterator[Check]:
    """The checks of a finished run, each as soon as it is done; `skip` names some of `SKIPPABLE`
    (`model`: all that needs a model to be loaded).

    Raises `DataMistake` where there is no finished run, and the mistakes of `prepare` where rows, templates or the
    start model are missing, unless the record or a file was found to be changed before.
    """
    record = finished_record(folder)
    sealed = [check_record(record), check_files(folder, record)]
    yield from sealed
    try:
        prepared = prepare(recorded_recipe(record, folder))
    except UserMistake as mistake:
        if not isinstance(mistake, HoldOutMistake) and all(each.outcome != "fails" for each in sealed):
            raise
        yield Check("recipe", "fails", f"cannot be run as it stands now: {mistake}")
        return
    yield tried("fingerprint", lambda: check_fingerprint(record, prepared))
    yield tried("split", lambda: check_split(record, prepared))
    try:
        predictions = stored_predictions(folder)
    except UserMistake as mistake:
        yield Check("predictions", "fails", str(mistake))
        return
    yield check_rows(prepared, predictions)
    yield tried("judgements", lambda: check_judgements(predictions, prepared.recipe.evaluate.scoring))
    yield tried("scores", lambda: check_scores(folder, record, predictions))
    if "model" in skip:
        yield Check("questions, answers and steps", "skipped", "as asked; they need the model")
        return
    yield from _check_models(folder, record, prepared, predictions, 0 if "answers" in skip else SAMPLED)
    if "training" in record:
        yield from tried_all("steps", check_steps(folder, record, prepared, "replay" not in skip))


def finished_record(folder: Path) -> dict[str, Any]:
    record = read_record(folder)
    if not record.get("finished"):
        raise DataMistake(str(folder), "holds a run that is not finished", "go on with --resume, then verify it")
    return record


def _check_models(
    folder: Path, record: Mapping[str, Any], prepared: Prepared, predictions: list[Prediction], sample: int
) -> Iterator[Check]:
    """The questions and answers of every model that was asked, and what was left out of them."""
    found: list[Reasked] = []
    for name in dict.fromkeys(each.model for each in predictions):
        own = [each for each in predictions if each.model == name]
        try:
            reasked = _asked_again(folder, record, prepared, name, own, sample)
        except DAMAGED as error:
            yield impossible(f"answers of {name}", error)
            return
        yield from reasked.checks
        found.append(reasked)
    yield check_left_out(record, most_left_out([Asked((), dict(each.left_out), each.reading) for each in found]))


def _asked_again(
    folder: Path, record: Mapping[str, Any], prepared: Prepared, name: str, own: list[Prediction], sample: int
) -> Reasked:
    """With the model as it lies there: the tuned one in the run's folder, any other where the recipe says."""
    from unseen.study.loading import load, load_to_ask

    if "training" not in record:
        model = load_to_ask(prepared)
    elif name == "tuned":
        model = load_to_ask(replace(prepared, model=resolve(str(folder))))
    else:
        model = load(prepared)
    return check_predictions(prepared, model, name, own, record["fingerprint"], sample)
