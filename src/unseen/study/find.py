"""Which study a name means: a file, or one that ships with the package."""

from __future__ import annotations

from pathlib import Path

import unseen
from unseen.data.places import shipped_catalog
from unseen.errors import RecipeMistake, nearest

STUDIES = "studies"


def shipped_studies() -> Path:
    """The folder of the studies that ship: inside an installed package, else beside the sources."""
    inside = shipped_catalog() / STUDIES
    return inside if inside.is_dir() else Path(unseen.__file__).parents[2] / STUDIES


def study_files() -> list[Path]:
    """Study files of the folder `studies` where the command runs, then those that ship; the same file once."""
    folders = (Path(STUDIES), shipped_studies())
    found: dict[Path, Path] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        found.setdefault(path.resolve(), path)
    return list(found.values())


def find_study(name: str | Path) -> Path:
    """The file that `name` means: a path, or the name of a study that ships. `RecipeMistake` with the nearest names."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    known = {file.stem: file for file in reversed(study_files())}
    if str(name) not in known:
        raise RecipeMistake(str(name), "is no study and no file", nearest(str(name), known, "studies"))
    return known[str(name)]
