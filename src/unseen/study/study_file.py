"""What a study file may say: its question, arms, seeds, decision rule and budget, stated before anything runs.

A study is YAML. `sizes` holds overrides of any of its values, so that one file has a size for a laptop and one for a
GPU. All mistakes of a file are told at once, those of every size too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, field_validator

from unseen.errors import Mistakes, RecipeMistake, UserMistake, nearest, raise_all
from unseen.recipe import MANY, Recipe, Seed
from unseen.section import Section, check_model
from unseen.study.grids import Entry, entry_of
from unseen.study.settings import merged
from unseen.yamlfile import read_yaml_mapping

FULL = "full"  # the file as it stands, with what `sizes.full` changes
Values = dict[str, Any]
T = TypeVar("T")


class Paper(Section):
    """Whose question this is, and what was found there."""

    source: str
    finding: str


class EachBase(Section):
    """Every arm is compared with its own untuned model."""

    each: Literal["base"]


class Measure(Section):
    """The number that is compared. `metric: first` is the first metric of each task. `tuned` compares the tuned
    models' scores, `difference` what tuning changed in each. `of`: the score of a task (the `templates` median or mean
    of those of its templates), or how far these spread. `shots`: so many exemplars, or the first of an arm's `own`
    `evaluate.shots`. `over`: what the claim is about, new clusters, new tasks, or new rows of the same tasks; the
    widest that there are enough of when `auto`."""

    side: Literal["unseen", "seen", "unseen_clean"] = "unseen"
    metric: str = "first"
    model: Literal["tuned", "difference"] = "tuned"
    shots: Annotated[int, Field(ge=0, le=1000)] | Literal["own"] = 0
    of: Literal["score", "iqr", "range"] = "score"
    templates: Literal["median", "mean"] = "median"
    over: Literal["auto", "clusters", "tasks", "rows"] = "auto"


class Decision(Section):
    """`smallest`: the smallest difference of interest, in points; `level`: of all comparisons together."""

    smallest: float = Field(2.0, gt=0, le=100)
    level: float = Field(0.05, gt=0, lt=0.5)


class Budget(Section):
    """Hours of this machine that arms may take; when they are spent no further arm begins."""

    hours: float | None = Field(None, gt=0, le=MANY)


class StudyFile(Section):
    manual: ClassVar[str] = "docs/studies.md"

    study: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    question: str = Field(min_length=1)
    paper: Paper | None = None
    recipe: str | None = Field(None, description="a recipe file, beside this one, whose values `base` changes")
    base: Values = Field(default_factory=dict, description="recipe values that all arms share")
    arms: tuple[Values, ...] = Field(min_length=1, description="arms with a name, or grids of arms")
    baseline: str | EachBase
    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1)
    matched: Literal["steps", "supervised_tokens", "exposures", "seconds"] = "steps"
    measure: Measure = Measure()
    decision: Decision = Decision()
    budget: Budget = Budget()
    sizes: dict[str, Values] = Field(default_factory=dict, description="overrides of any of these values, by size")

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("names a seed twice")
        return seeds


@dataclass(frozen=True, slots=True)
class Study:
    """A study at one of its sizes: what the file says then, the recipe values that its arms share, and its arms."""

    path: Path
    size: str
    said: StudyFile
    base: Values
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        return self.said.study

    @property
    def deciding(self) -> Values:
        """All that decides what is asked and how it is judged: everything but the budget, as JSON gives it back."""
        said = self.said.model_dump(mode="json", exclude={"budget", "sizes", "recipe", "base"}) | {"base": self.base}
        again: Values = json.loads(json.dumps(said))
        return again

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.deciding)

    @property
    def folder_name(self) -> str:
        return f"study-{self.name}-{self.size}-{self.fingerprint[:8]}"


def fingerprint_of(deciding: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a study's deciding values."""
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def study_of(deciding: Mapping[str, Any], where: Path, size: str) -> Study:
    """The study that has these deciding values, which stand in the file `where`. Raises what `load_study` does."""
    return _at_size(where, size, dict(deciding))


def load_study(path: str | Path, size: str = FULL) -> Study:
    """Read and check a study file at one of its sizes. A size that the file does not have is a mistake, but for
    `full`, which is the file as it stands.

    Raises `RecipeMistake` (or `Mistakes`, one line each) naming the file, the key and the remedy.
    """
    path = Path(path)
    values = read_yaml_mapping(path, RecipeMistake)
    sizes = values.get("sizes") or {}
    mistakes: list[UserMistake] = []
    if size != FULL and isinstance(sizes, dict) and size not in sizes:
        mistakes.append(RecipeMistake(str(path), f"has no size '{size}'", nearest(size, [*sizes, FULL], "its sizes")))
    found: dict[str, Study] = {}
    for name in dict.fromkeys([FULL, *(sizes if isinstance(sizes, dict) else ())]):
        try:
            found[name] = _at_size(path, str(name), values)
        except UserMistake as mistake:
            mistakes += _told(mistake)
    raise_all(_each_once(mistakes))
    return found[size]


def _at_size(path: Path, size: str, values: Values) -> Study:
    """Raises every mistake of the file's own values, of its recipe values and of each of its arms."""
    where = str(path)
    overrides = (values.get("sizes") or {}).get(size) if isinstance(values.get("sizes"), dict) else None
    if overrides is not None and not isinstance(overrides, dict):
        raise RecipeMistake(where, f"sizes.{size}: must be a mapping", "see docs/studies.md")
    values = merged(values, overrides or {}, f"{where}, sizes.{size}")
    mistakes: list[UserMistake] = []
    said = _tried(partial(check_model, StudyFile, values, where, RecipeMistake), mistakes)
    base = _tried(partial(_base, path, values), mistakes)
    entries = _entries(values.get("arms"), where, mistakes)
    for entry, place in entries:
        for changes in entry.changes():
            _tried(partial(_check_changed, base or {}, changes, place), mistakes)
    raise_all(_each_once(mistakes))
    assert said is not None and base is not None
    return Study(path, size, said, base, tuple(entry for entry, _ in entries))


def _base(path: Path, values: Mapping[str, Any]) -> Values:
    """The recipe values that all arms share: those of the file `recipe`, changed by `base`."""
    named, own = values.get("recipe"), values.get("base")
    whole = read_yaml_mapping(path.parent / named, RecipeMistake) if isinstance(named, str) else {}
    whole = merged(whole, own if isinstance(own, dict) else {}, f"{path}, base")
    check_values(whole, f"{path}, base")
    return whole


def check_values(values: Mapping[str, Any], where: str) -> None:
    """Raise what is wrong with recipe values that may still lack tasks, which arms can name."""
    named = {"name": "study", **values}
    tasks = {} if named.get("seen") or named.get("unseen") else {"unseen": ["any"]}
    check_model(Recipe, named | tasks, where, RecipeMistake)


def _check_changed(base: Values, changes: Values, where: str) -> None:
    check_values(merged(base, changes, where), where)


def _entries(arms: Any, where: str, mistakes: list[UserMistake]) -> list[tuple[Entry, str]]:
    """The arms and grids of the file, each with its place; those that cannot be are told."""
    found: list[tuple[Entry, str]] = []
    for number, values in enumerate(arms if isinstance(arms, list) else ()):
        place = f"{where}, arms.{number}"
        entry = _tried(partial(entry_of, values, place), mistakes) if isinstance(values, dict) else None
        if entry is not None:
            found.append((entry, place))
    return found


def _tried(work: Callable[[], T], mistakes: list[UserMistake]) -> T | None:
    """What `work` gives; or None, its mistakes noted."""
    try:
        return work()
    except UserMistake as mistake:
        mistakes += _told(mistake)
        return None


def _told(mistake: UserMistake) -> Sequence[UserMistake]:
    return mistake.mistakes if isinstance(mistake, Mistakes) else (mistake,)


def _each_once(mistakes: Sequence[UserMistake]) -> list[UserMistake]:
    """Each thing once: what is wrong in the file is wrong in every size of it."""
    return list({str(mistake): mistake for mistake in mistakes}.values())
