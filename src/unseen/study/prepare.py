"""From a recipe to everything that is settled before a model is loaded: tasks, rows, the hold-out, the fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unseen.data.dataset import Row
from unseen.data.rows import Rows, open_rows
from unseen.errors import DataMistake, raise_all
from unseen.evaluation.exemplars import exemplar_pool
from unseen.evaluation.metrics import unknown_metrics
from unseen.evaluation.rows import SPLITS, asked_split
from unseen.model.folder import ModelFolder, resolve
from unseen.phases import Phase, Phases, untold, when_it_begins
from unseen.progress import phased
from unseen.recipe import HoldOutSettings, Recipe
from unseen.study.diverse import diverse_task
from unseen.study.fingerprint import fingerprint
from unseen.study.recipe_hints import RecipeHints
from unseen.study.recipe_wordings import RecipeWordings
from unseen.study.reworded import check_rewordings
from unseen.study.seen_rows import SeenRows, seen_rows
from unseen.study.selected import Selected, selected_tasks
from unseen.task.catalog import Catalog, load_catalog
from unseen.task.claims import Conflict, model_conflicts
from unseen.task.holdout import HoldOut, hold_out
from unseen.task.instructed import RecipeEncodings, through_encodings
from unseen.task.task import Task


class TaskRows:
    """The rows of tasks by split, each opened once."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Rows] = {}

    def __call__(self, task: Task, split: str) -> Rows:
        key = task.dataset.task, split
        if key not in self._open:
            self._open[key] = open_rows(task.dataset, split)
        return self._open[key]

    def digests(self) -> dict[str, str]:
        """Content digests of everything that was opened, by `cluster/dataset/split`."""
        return {f"{name}/{split}": rows.digest for (name, split), rows in self._open.items()}

    def altered(self) -> dict[str, tuple[str, str]]:
        """Of rows that the cache no longer holds as they were read: the digest that it says, and the real one."""
        found = {f"{name}/{split}": (rows.digest, rows.rehashed()) for (name, split), rows in self._open.items()}
        return {name: digests for name, digests in found.items() if digests[0] != digests[1]}


@dataclass(frozen=True, eq=False)
class Settled:
    """What a recipe comes to before its model is looked for. `tuned_on` are the seen tasks with their turned-around
    variants, and diverse data last.

    `split` proves the two sides apart; `seen_split` compares the seen tasks' own asked rows with those tuned on, and
    `diverse_split` with the diverse data: only rows that both find clean are asked on the seen side.
    """

    recipe: Recipe
    catalog: Catalog
    seen: tuple[Task, ...]
    tuned_on: tuple[Task, ...]
    unseen: tuple[Task, ...]
    rows: TaskRows
    split: HoldOut | None
    seen_split: HoldOut | None
    diverse_split: HoldOut | None
    seen_rows: SeenRows
    selected: Selected
    wordings: RecipeWordings


@dataclass(frozen=True, eq=False)
class Prepared(Settled):
    """What a recipe comes to, with its model, and what that is known to have been tuned on of the unseen tasks."""

    model: ModelFolder
    conflicts: Mapping[str, Conflict]

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.recipe, self.asked_through, self.rows.digests(), self.model.digest)

    @property
    def asked_through(self) -> tuple[Task, ...]:
        """The tasks whose templates decide the result; a seen task twice, as it is tuned on and as it is asked."""
        return (*self.tuned_on, *self.seen, *self.unseen)

    @property
    def folder_name(self) -> str:
        return f"{self.recipe.name}-{self.fingerprint[:8]}"

    def is_new(self, task: Task, row: Row) -> bool:
        """Whether a row of a seen task meets none that was tuned on, diverse data among them."""
        splits = (split for split in (self.seen_split, self.diverse_split) if split)
        found = (split.clean_unseen.get(task.dataset.task) for split in splits)
        return all(clean is None or row.index in clean for clean in found)


def prepare(recipe: Recipe) -> Prepared:
    """Find the tasks of a recipe, prove its sides apart, deal its rows and find its model.

    Raises `TaskMistake`, `DataMistake`, `HoldOutMistake`, `ModelMistake` or `DownloadFailed`.
    """
    with phased() as phases:
        settled = settle(recipe, phases)
    with phased(recipe.model) as phases:
        model = resolve(recipe.model, phases=phases)
    return Prepared(**vars(settled), model=model, conflicts=_conflicts(model, settled.unseen))


def settle(recipe: Recipe, phases: Phases = untold) -> Settled:
    """`prepare` without the model; `phases` are told which rows are read, and how many of both sides were compared.
    What they raise ends it."""
    phases(Phase("finding its tasks"))
    catalog = load_catalog(recipe.catalogs)
    selected = selected_tasks(recipe, catalog)
    encodings, wordings, hints = RecipeEncodings.of(recipe), RecipeWordings.of(recipe), RecipeHints.of(recipe)
    encodings.check((*selected.seen, *selected.unseen), recipe.name)
    wordings.check((*selected.seen, *selected.unseen), recipe.name)
    hints.check((*selected.seen, *selected.unseen), recipe.name)
    seen = hints.asked_in(wordings.asked_in(through_encodings(selected.seen, encodings.asked)))
    unseen = hints.asked_in(wordings.asked_in(through_encodings(selected.unseen, encodings.asked)))
    tuned_on = wordings.tuned_on(through_encodings(selected.seen, encodings.tuned))
    tuned_on += catalog.turned(selected.seen) if recipe.templates.turned else ()
    tuned_on += diverse_task(recipe)
    raise_all([mistake for task in (*seen, *unseen) for mistake in unknown_metrics(task.dataset)])
    _need_split(seen, ("train",), "to be tuned on")
    _need_split(unseen, SPLITS["unseen"], "to be asked")
    rows = TaskRows()
    split = _hold_out(tuned_on, unseen, recipe, rows, selected.excluded, phases)
    phases(Phase("dealing its rows"))
    dealt = seen_rows(recipe, tuned_on, rows, split.dropped_seen if split else {})
    diverse = tuned_on[-1:] if recipe.diversity.ratio else ()
    own = _seen_split(seen, seen, recipe, rows, dealt), _seen_split(diverse, seen, recipe, rows, dealt)
    _open_exemplars(recipe, unseen, rows)
    check_rewordings(recipe, tuned_on, seen if recipe.evaluate.seen else (), unseen, rows)
    return Settled(recipe, catalog, seen, tuned_on, unseen, rows, split, *own, dealt, selected, wordings)


def _conflicts(model: ModelFolder, unseen: Sequence[Task]) -> Mapping[str, Conflict]:
    """What the model is known to have been tuned on of each unseen task: by its description, or by runs of ours."""
    here = model_conflicts(model.tuned_here, unseen)
    said = model_conflicts(model.instruction_tuned_on, unseen)
    return {task: said[task] if here[task] == "none" else here[task] for task in said}


def _need_split(tasks: Sequence[Task], splits: Sequence[str], why: str) -> None:
    for task in tasks:
        if not any(split in task.dataset.splits for split in splits):
            has = ", ".join(task.dataset.splits)
            what = f"has no {' or '.join(splits)} split {why} (it has {has})"
            raise DataMistake(task.name, what, "add one to its description, or leave the task out")


def _open_exemplars(recipe: Recipe, tasks: Sequence[Task], rows: TaskRows) -> None:
    """Open the rows that exemplars are drawn from, so that their content is in the fingerprint."""
    if any(recipe.evaluate.shots):
        for task in tasks:
            exemplar_pool(task, asked_split(task, "unseen", rows) or "", rows)


def _hold_out(
    tuned_on: Sequence[Task],
    unseen: Sequence[Task],
    recipe: Recipe,
    rows: TaskRows,
    excluded: Mapping[str, str],
    phases: Phases,
) -> HoldOut | None:
    """The proof for the unseen side; none where a recipe has only one side."""
    if not tuned_on or not unseen:
        return None

    def rows_of(task: Task, side: str) -> Rows:
        split = "train" if side == "seen" else asked_split(task, "unseen", rows)
        phases(Phase(f"reading {task.dataset.task}"))
        return rows(task, str(split))

    compared = when_it_begins(phases, Phase("comparing", "rows"))
    return hold_out(tuned_on, unseen, recipe.hold_out, rows_of, excluded, compared)


def _seen_split(
    tuned_on: Sequence[Task], seen: Sequence[Task], recipe: Recipe, rows: TaskRows, dealt: SeenRows
) -> HoldOut | None:
    """Which test rows of the seen tasks meet a row of `tuned_on`: they are not asked, since they are not new."""
    tasks = [task for task in seen if asked_split(task, "seen", rows)]
    if not tasks or not tuned_on or not recipe.evaluate.seen:
        return None
    own = tasks if tuned_on is seen else tuned_on
    settings = HoldOutSettings(
        level="row", overlap="clean_subset", near=recipe.hold_out.near, ngram=recipe.hold_out.ngram
    )

    def rows_of(task: Task, side: str) -> Sequence[Row]:
        if side == "seen":
            return rows(task, "train").take(dealt.tune[task.name])
        return rows(task, str(asked_split(task, "seen", rows)))

    return hold_out(own, tasks, settings, rows_of)


def proof_of(split: HoldOut | None) -> dict[str, Any] | None:
    return None if split is None else split.proof.as_json()
