"""Two runs against each other on the questions that both were asked, by paired differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from unseen.evaluation.aggregate import Across, aggregate
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.findings import medians
from unseen.reporting.numbers import counted, listed, whole
from unseen.reporting.run_data import RunData
from unseen.task.variants import base_name

Asked = dict[tuple[object, ...], Prediction]


@dataclass(frozen=True, slots=True)
class Contest:
    """Second run minus first: means over the tasks of a side, tasks, and what could not be compared."""

    means: tuple[Across, ...]
    rows: tuple[ScoreRow, ...]
    questions: int
    alone: int
    unequal: tuple[str, ...]
    void: tuple[str, ...]

    @property
    def told(self) -> str:
        said = f"{counted(self.questions, 'question')} in both runs; {whole(self.alone)} in one of them only."
        if self.unequal:
            said += f" Left out, since their rows differ: {listed(self.unequal, 20)}."
        return said + (f" Left out, since void: {listed(self.void, 20)}." if self.void else "")


def contests(first: RunData, second: RunData) -> Contest:
    """The last models of two runs (the tuned one, else base) as if they were base and tuned of one run."""
    ours, theirs = _asked(first), _asked(second)
    common = [key for key in ours if key in theirs]
    unequal = {key[0] for key in common if _rows_of(first, ours[key]) != _rows_of(second, theirs[key])}
    void = {task for run in (first, second) for task in run.void}
    kept = [key for key in common if key[0] not in unequal and not (ours[key].side == "unseen" and key[0] in void)]
    pairs = [
        *(replace(ours[key], model="base") for key in kept),
        *(replace(theirs[key], model="tuned") for key in kept),
    ]
    found = aggregate(pairs, int(first.record.recipe.get("seed", 0)))
    return Contest(
        means=tuple(each for each in found.across if each.model == "difference"),
        rows=tuple(row for row in medians(found.scores) if row.model == "difference"),
        questions=len(kept),
        alone=len(ours) + len(theirs) - 2 * len(common),
        unequal=tuple(sorted(map(str, unequal))),
        void=tuple(sorted(void)),
    )


def _asked(run: RunData) -> Asked:
    """Answers of a run's last model by question."""
    last = "tuned" if any(each.model == "tuned" for each in run.predictions) else "base"
    return {_question(each): each for each in _of(run.predictions, last)}


def _of(predictions: Iterable[Prediction], model: str) -> Iterable[Prediction]:
    return (each for each in predictions if each.model == model and not each.plain)


def _question(one: Prediction) -> tuple[object, ...]:
    return one.task, one.side, one.split, one.row, one.template, one.shots, one.seed, one.kind, one.metrics


def _rows_of(run: RunData, prediction: Prediction) -> str | None:
    """Digest of the rows that the question comes from."""
    return run.record.rows.get(f"{base_name(prediction.task)}/{prediction.split}")
