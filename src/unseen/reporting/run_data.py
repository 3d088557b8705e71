"""A run folder, read once and checked, as the values that its page shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from unseen.errors import DataMistake, ScoreMistake
from unseen.evaluation.aggregate import Across, Found, aggregate
from unseen.evaluation.baselines import Baseline, LabelBaseline
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import parts_of, read_predictions
from unseen.evaluation.task_scores import ScoreRow
from unseen.study.record import NAME, read_record
from unseen.study.scoring import CLEAN
from unseen.task.proof import Proof
from unseen.train.steplog import StepLine, read_steps

T = TypeVar("T")
SECTIONS = ("train", "evaluate")  # of a recipe that pages look into


class Part(BaseModel):
    """A part of record.json; what it holds beyond the fields is left for later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TaskNames(Part):
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    missing: Mapping[str, str] = {}
    other_languages: tuple[str, ...] = ()


class ListFacts(Part):
    entries: int
    found: int
    missing: tuple[str, ...] = ()


class ModelFacts(Part):
    name: str
    digest: str
    revision: str | None = None
    instruction_tuned_on: str | tuple[str, ...] = "unknown"
    conflicts: Mapping[str, str | tuple[str, ...]] = {}


class Counts(Part):
    """`epoch_length` is None, and no dataset of `rows` has `met`, in records older than these."""

    examples: int
    epoch_length: int | None = None
    empty_renderings: int = 0
    broken_off: int = 0
    too_long: int = 0
    cuts: Mapping[str, int] = {}
    drawn: Mapping[str, int] = {}
    validation_examples: int = 0
    validation_empty: int = 0
    validation_too_long: int = 0
    rows: Mapping[str, Mapping[str, int]] = {}


class Norm(Part):
    before: float
    now: float


class TokenFacts(Part):
    """A token that the recipe gave the model, and the norms of its rows."""

    text: str
    id: int
    start: str
    input_norm: Norm
    output_norm: Norm | None = None


class StepFacts(Part):
    """A step of DELIA's algorithm: what the paper does, and in words what the run did."""

    step: int
    paper: str
    told: str


class RunRecord(Part):
    """record.json. A run that was stopped has no `summary` and is not `finished`."""

    name: str
    fingerprint: str
    command: str
    started: str
    versions: Mapping[str, str]
    recipe: Mapping[str, Any]
    tasks: TaskNames
    lists: Mapping[str, ListFacts] = {}
    model: ModelFacts
    rows: Mapping[str, str] = {}
    hold_out: Proof | None = None
    seen_side: Proof | None = None
    counts: Counts | None = None
    format: Mapping[str, Any] = {}
    tokens: tuple[TokenFacts, ...] = ()
    delia: tuple[StepFacts, ...] = ()
    seconds: Mapping[str, float] = {}
    training: Mapping[str, Any] = {}
    tuned_by: str | None = None
    taken_from: str | None = None
    left_out: Mapping[str, int] = {}
    summary: Found | None = None
    finished: str | None = None

    @field_validator("recipe")
    @classmethod
    def _has_sections(cls, recipe: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in SECTIONS:
            if not isinstance(recipe.get(name, {}), Mapping):
                raise ValueError(f"its {name} is no mapping")
        return recipe


@dataclass(frozen=True, eq=False)
class RunData:
    """Everything that the page of a run is made of.

    `across` are the means over the tasks of a side without void tasks; `clean_scores` are those over the unseen rows
    that share no text with the seen side. `void` says by task what the start model was tuned on before. `hidden`:
    hashes stand for the texts of rows.
    """

    folder: Path
    record: RunRecord
    scores: tuple[ScoreRow, ...]
    clean_scores: tuple[ScoreRow, ...]
    across: tuple[Across, ...]
    steps: tuple[StepLine, ...]
    predictions: tuple[Prediction, ...]
    hidden: bool = False

    @property
    def void(self) -> dict[str, tuple[str, ...]]:
        conflicts = self.record.model.conflicts
        return {task: on for task, on in conflicts.items() if not isinstance(on, str)}

    @property
    def unknown(self) -> bool:
        """Whether nobody says what the start model was instruction-tuned on."""
        return "unknown" in self.record.model.conflicts.values()

    @property
    def is_evaluation(self) -> bool:
        """Whether a model was asked and nothing was tuned."""
        return self.record.counts is None and not self.steps and self.record.finished is not None

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        return self.record.summary.baselines if self.record.summary else ()

    @property
    def label_baselines(self) -> tuple[LabelBaseline, ...]:
        return self.record.summary.label_baselines if self.record.summary else ()


def load_run(folder: Path) -> RunData:
    """Read a run folder, finished or not; `DataMistake` or `ScoreMistake` when it is none or is damaged."""
    run = replace(load_facts(folder), predictions=_predictions(folder / "predictions.parquet"))
    return _without_void(run) if run.void and run.record.summary else run


def load_facts(folder: Path) -> RunData:
    """The same without the predictions, of which there may be millions: `across` then counts void tasks, too."""
    record = checked_record(folder)
    rows = _scores(folder / "scores.json") if record.summary else []
    clean = [row | {"side": "unseen"} for row in rows if row.get("side") == CLEAN]
    return RunData(
        folder=folder,
        record=record,
        scores=_checked(tuple[ScoreRow, ...], [r for r in rows if r.get("side") != CLEAN], folder / "scores.json"),
        clean_scores=_checked(tuple[ScoreRow, ...], clean, folder / "scores.json"),
        across=record.summary.across if record.summary else (),
        steps=_steps(folder / "steps.jsonl"),
        predictions=(),
    )


def checked_record(folder: Path) -> RunRecord:
    """The record of a run folder; `DataMistake` where there is none or it is damaged."""
    try:
        return _checked(RunRecord, read_record(folder), folder / NAME)
    except RecursionError:
        raise DataMistake(str(folder / NAME), "is nested too deeply", "name another folder") from None


def _without_void(run: RunData) -> RunData:
    """The run with means over the tasks that are not void, which its record does not hold."""
    valid = [each for each in run.predictions if each.side == "seen" or each.task not in run.void]
    found = aggregate(valid, int(run.record.recipe.get("seed", 0)))
    return replace(run, across=found.across)


def _predictions(path: Path) -> tuple[Prediction, ...]:
    """The predictions, as far as a stopped run had got."""
    if not path.is_file() and not parts_of(path).is_dir():
        return ()
    return tuple(read_predictions(path))


def _steps(path: Path) -> tuple[StepLine, ...]:
    try:
        return _checked(tuple[StepLine, ...], read_steps(path), path)
    except (OSError, ValueError) as error:
        raise DataMistake(str(path), f"cannot be read ({error})", "tune the run again") from None


def _scores(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataMistake(str(path), f"cannot be read ({error})", "evaluate the run again") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ScoreMistake(str(path), "is not a list of scores", "evaluate the run again")
    return rows


def _checked(kind: type[T], value: object, path: Path) -> T:
    """`value` as a `kind`; one mistake that names the file and the first thing that is wrong in it."""
    try:
        found: T = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first, more = error.errors()[0], error.error_count() - 1
        where = ".".join(map(str, first["loc"])) or "the whole"
        told = f"is damaged ({where}: {first['msg']}" + (f"; and {more} more)" if more else ")")
        raise DataMistake(str(path), told, "run it again, or name another folder") from None
    return found
