"""A collection: one YAML description that stands for all task files of a folder. Its manual is docs/instructions.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from unseen.data import places
from unseen.data.dataset import ALL, Dataset, Source
from unseen.data.description_file import NAME, FilePath
from unseen.data.split_lists import Lists, list_mistakes, read_lists
from unseen.data.task_file import TaskFile
from unseen.data.task_index import Indexed, indexed_tasks
from unseen.data.task_naming import cluster_of, languages_of, origins_of
from unseen.errors import DataMistake, UserMistake, raise_all
from unseen.section import Section, check_model
from unseen.yamlfile import read_yaml_mapping

HANDS = 5  # every fifth instance is a test row of a task that is tuned on
EXACT_MATCH = (  # categories that Super-NaturalInstructions judges so (Tk-Instruct, src/compute_metrics.py)
    "textual_entailment",
    "cause_effect_classification",
    "coreference_resolution",
    "dialogue_act_recognition",
    "answerability_classification",
    "word_analogy",
)


class CollectionFile(Section):
    """What a description of a collection may say."""

    manual: ClassVar[str] = "docs/instructions.md"

    collection: str = Field(pattern=NAME)
    root: Literal["data"] | None = None
    folder: FilePath = "."
    tasks: FilePath = "tasks"
    splits: FilePath | None = None
    index: FilePath | None = None
    skip_bad: bool = Field(False, description="load the rest where task files are faulty")
    partial: bool = Field(False, description="lists may name tasks that are not there")
    licence: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """The tasks of a collection as datasets; what was left out with `skip_bad`, as task -> why, and all its `mistakes`.

    `not_here` counts, by list, the tasks that it names and that are not there. `absent` is the folder where there is
    none.
    """

    name: str
    file: Path
    datasets: tuple[Dataset, ...]
    skipped: Mapping[str, str]
    not_here: Mapping[str, int]
    mistakes: tuple[UserMistake, ...] = ()
    absent: Path | None = None


def is_collection(values: Mapping[str, object]) -> bool:
    return "collection" in values


def load_collection(path: Path) -> Collection:
    """The tasks of the collection that the YAML file `path` describes; no instance is read where the index is fresh.

    Raises `DataMistake`, or `Mistakes` with every fault of every file, unless `skip_bad` says to leave those out.
    """
    return collected(read_yaml_mapping(path, DataMistake), path)


def collected(values: Mapping[str, Any], path: Path) -> Collection:
    """What a description's `values` say, as `load_collection`; `path` is where it lies, or will."""
    said = check_model(CollectionFile, values, str(path), DataMistake)
    base = path.absolute().parent if said.root is None else places.data_root() or Path("$UNSEEN_DATA")
    folder = base / said.folder
    if said.root and not folder.is_dir():
        return Collection(said.collection, path, (), {}, {}, absent=folder)
    found = indexed_tasks(folder / said.tasks)
    lists = read_lists(*(folder / each if each else None for each in (said.splits, said.index)))
    lists = replace(lists, partial=lists.partial or said.partial)
    names = {each.path.stem for each in found}
    mistakes = [mistake for each in found for mistake in each.mistakes]
    mistakes += list_mistakes(lists, names)
    if not said.skip_bad:
        raise_all(mistakes)
    return Collection(
        said.collection,
        path,
        tuple(_datasets(said, found, lists)),
        {each.path.stem: _why(each.mistakes) for each in found if each.mistakes},
        {name: len(tasks) for name, tasks in lists.absent(names).items()},
        tuple(mistakes),
    )


def _datasets(said: CollectionFile, found: tuple[Indexed, ...], lists: Lists) -> Iterator[Dataset]:
    for each in found:
        if each.task is not None:
            named = lists.of(each.path.stem)
            yield _dataset(said, each.path, each.task, tuple(f"{said.collection}/{name}" for name in named))


def _dataset(said: CollectionFile, path: Path, task: TaskFile, lists: tuple[str, ...]) -> Dataset:
    cluster = cluster_of(task, path.stem)
    return Dataset(
        name=path.stem,
        cluster=cluster,
        splits=_splits(path, task.instances),
        origin=(path.stem,),
        language=languages_of(task),
        licence="; ".join(task.said.get("Instance License", ())) or said.licence,
        metrics=("exact_match", "rouge_l") if cluster in EXACT_MATCH else ("rouge_l", "exact_match"),
        instruction=task.instruction,
        lists=lists,
        shares_rows_with=origins_of(task, path.stem),
        categories=task.said.get("Categories", ()),
        domains=task.said.get("Domains", ()),
        file=path,
    )


def _splits(path: Path, instances: int) -> dict[str, Source]:
    """Four of five instances to tune on and the fifth to ask, and all of them, for a task that is unseen."""
    whole = Source(str(path), "task_file")
    if instances < HANDS:
        return {"train": whole, ALL: whole}
    kept = tuple(range(HANDS - 1))
    train, test = (Source(str(path), "task_file", deal=(HANDS, hands)) for hands in (kept, (HANDS - 1,)))
    return {"train": train, "test": test, ALL: whole}


def _why(mistakes: tuple[UserMistake, ...]) -> str:
    more = f" and {len(mistakes) - 1} more" if len(mistakes) > 1 else ""
    return f"{mistakes[0]}{more}"
