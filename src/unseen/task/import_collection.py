"""`unseen import natural-instructions`: checks a folder of task files and describes it in the user's catalog.

Nothing is copied: the description names the folder, and rows are read from there when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from unseen.data.collection import Collection, CollectionFile, collected
from unseen.errors import DataMistake, UserMistake
from unseen.section import check_model
from unseen.task.catalog import load_catalog, same_file
from unseen.wholefile import replacing

SPLITS = ("splits/default", "splits")  # where published copies have their lists, the first that is there
INDEX = "INDEX.tsv"
HEADER = "# unseen import natural-instructions\n"


def import_collection(
    path: Path, catalog: Path, name: str | None = None, splits: Path | None = None, skip_bad: bool = False
) -> tuple[dict[str, Any], tuple[UserMistake, ...]]:
    """Describe the task files of `path`, a folder of them or one that holds `tasks/`, in `catalog`.

    Gives a summary and what was left out with `skip_bad`. Raises `DataMistake`, or every fault of every file together,
    and then writes nothing. Importing under a name again replaces.
    """
    folder = path.expanduser().absolute()
    if not folder.is_dir():
        raise DataMistake(str(path), "is no folder", "name the folder of the task files, or the one that holds tasks/")
    values = {"collection": name or _name_of(folder), "folder": str(folder), **_found(folder), "skip_bad": skip_bad}
    if splits is not None:
        values["splits"] = str(splits.expanduser().absolute())
    said = check_model(CollectionFile, values, str(path), DataMistake)
    file = catalog / f"{said.collection}.yaml"
    _refuse_other(file)
    collection = collected(values, file)
    if not collection.datasets:
        raise DataMistake(str(path), f"none of {len(collection.skipped)} task files is sound", "see the first fault")
    _refuse_known(collection, path)
    _write(file, values)
    return _summary(collection), collection.mistakes


def _found(folder: Path) -> dict[str, Any]:
    """Where the tasks, the lists and the index lie in a folder as it is published."""
    tasks = "tasks" if (folder / "tasks").is_dir() else "."
    lists = next((place for place in SPLITS if any((folder / place).glob("*_tasks.txt"))), None)
    return {"tasks": tasks, **({"splits": lists} if lists else {}), **({"index": INDEX} if _has_index(folder) else {})}


def _has_index(folder: Path) -> bool:
    try:
        with (folder / INDEX).open(encoding="utf-8") as file:
            return {"task", "split"} <= set(file.readline().rstrip("\n").split("\t"))
    except (OSError, UnicodeError):
        return False


def _name_of(folder: Path) -> str:
    named = folder.parent if folder.name == "tasks" else folder
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", named.name).strip("_.+-") or "natural_instructions"


def _refuse_other(file: Path) -> None:
    """A description that somebody wrote is not replaced."""
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(HEADER):
        raise DataMistake(str(file), "is there already and was not imported", "choose another name with --name")


def _refuse_known(collection: Collection, path: Path) -> None:
    """Tasks that another catalog has from other files would make every later command fail."""
    known = {each.name: each for each in load_catalog(("shipped", "data")).datasets}
    doubled = [each for each in collection.datasets if each.name in known and not same_file(known[each.name], each)]
    if doubled:
        other = known[doubled[0].name]
        what = f"has {len(doubled)} tasks that the catalog '{other.catalog}' has too, as {other.file}"
        raise DataMistake(str(path), what, "use those, or unset UNSEEN_DATA")


def _write(file: Path, values: Mapping[str, Any]) -> None:
    with replacing(file) as part:
        part.write_text(HEADER + yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _summary(collection: Collection) -> dict[str, Any]:
    datasets = collection.datasets
    lists = [name.partition("/")[2] for each in datasets for name in each.lists]
    return {
        "collection": collection.name,
        "tasks": len(datasets),
        "clusters": len({each.cluster for each in datasets}),
        "languages": len({code for each in datasets for code in each.language}),
        "lists": [f"{name} {lists.count(name)}" for name in dict.fromkeys(lists)],
        "listed, not here": sum(collection.not_here.values()),
        "skipped": len(collection.skipped),
        "file": str(collection.file),
    }
