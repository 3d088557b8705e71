"""What may stand under `arms:` in a study: an arm with a name, or a grid that makes several."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from unseen.errors import RecipeMistake, TaskMistake, nearest
from unseen.recipe import MANY
from unseen.section import Section, check_model
from unseen.study.settings import OpenCatalog, Setting, Values, merged, value_at
from unseen.study.task_grids import left_out, tasks_by_power

ARM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
JOINED = "+"  # between the names of the settings that a product joins


class NamedArm(Section):
    """One arm: a name, and the recipe values that it changes. `tune: false` among them: the model is only asked."""

    name: str = Field(pattern=f"^{ARM_NAME.pattern}$")
    set: Values = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_whether(self) -> NamedArm:
        if not isinstance(self.set.get("tune", True), bool):
            raise ValueError("set.tune must be true or false")
        return self

    def changes(self) -> Iterator[Values]:
        yield {key: value for key, value in self.set.items() if key != "tune"}

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        work = "tune" if self.set.get("tune", True) else "ask"
        yield Setting(self.name, merged(values, next(self.changes()), self.name), {"arm": self.name}, work)  # type: ignore[arg-type]


class ValuesGrid(Section):
    """An arm for each of several values of one key."""

    grid: Literal["values"]
    key: str
    values: tuple[Any, ...] = Field(min_length=1)
    names: tuple[str, ...] | None = Field(None, description="of the arms; made of key and value when absent")

    @model_validator(mode="after")
    def _a_name_each(self) -> ValuesGrid:
        if self.names is not None and len(self.names) != len(self.values):
            raise ValueError(f"names {len(self.names)} arms for {len(self.values)} values")
        return self

    def changes(self) -> Iterator[Values]:
        yield from ({self.key: value} for value in self.values)

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        short = self.key.rpartition(".")[2]
        names = self.names or tuple(f"{short}-{_spelled(value)}" for value in self.values)
        for name, value in zip(names, self.values, strict=True):
            yield Setting(_safe(name), merged(values, {self.key: value}, name), {self.key: value})


class ModelsGrid(Section):
    """An arm for each of several models."""

    grid: Literal["models"]
    values: tuple[str, ...] = Field(min_length=1)

    def changes(self) -> Iterator[Values]:
        yield from ({"model": value} for value in self.values)

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        for model in self.values:
            name = _safe(model.rstrip("/").rpartition("/")[2].removesuffix(".gguf"))
            yield Setting(name, values | {"model": model}, {"model": model})


class WithoutEach(Section):
    """A list of a recipe without each of its values in turn; with `alone: true`, with each of them alone."""

    grid: Literal["without_each"]
    key: str
    values: tuple[Any, ...] | None = Field(None, description="of the list; those of the base when absent")
    alone: bool = False

    def changes(self) -> Iterator[Values]:
        yield from ({self.key: list(part)} for _, part in self._parts(self.values or ()))

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        whole = self.values or value_at(values, self.key)
        if not isinstance(whole, list | tuple) or len(whole) < 2:
            what = f"'{self.key}' holds no list of two values or more to take values from"
            raise RecipeMistake("without_each", what, "give the list under 'values'")
        word = "only" if self.alone else "without"
        for value, part in self._parts(tuple(whole)):
            changed = merged(values, {self.key: list(part)}, self.key)
            yield Setting(f"{word}-{_safe(_spelled(value))}", changed, {word: value})

    def _parts(self, whole: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
        for value in whole:
            yield value, (value,) if self.alone else tuple(each for each in whole if each != value)


class LeaveOneOut(Section):
    """An arm for each cluster, dataset or task: it is asked, and what is not apart from it is not tuned on."""

    grid: Literal["leave_one_out"]
    level: Literal["cluster", "dataset", "task"] = "cluster"
    among: tuple[str, ...] = Field((), description="globs of what is left out in turn; the base's seen tasks if none")

    def changes(self) -> Iterator[Values]:
        yield {"hold_out.level": self.level}

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        held = merged(values, {"hold_out.level": self.level}, self.grid)
        for name, seen, unseen in left_out(values, self.level, self.among, catalog):
            yield Setting(_safe(f"leave-{name}"), held | {"seen": seen, "unseen": unseen}, {"left_out": name})


class Powers(Section):
    """1, 2, 4, ... clusters, tasks, templates a task, or rows a task. What a smaller arm has, a larger one has too."""

    grid: Literal["powers"]
    of: Literal["clusters", "tasks", "templates", "rows"]
    start: int = Field(1, ge=1, le=MANY, alias="from")
    to: int | Literal["all"]
    by: int = Field(2, ge=2, le=1000, description="the factor from one arm to the next")

    @model_validator(mode="after")
    def _some_end(self) -> Powers:
        if self.to == "all" and self.of in ("templates", "rows"):
            raise ValueError(f"to: all is for clusters and tasks; give the largest number of {self.of}")
        if self.to != "all" and self.to < self.start:
            raise ValueError("to must be at least from")
        return self

    def changes(self) -> Iterator[Values]:
        yield from ()

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        if self.of == "templates" or self.of == "rows":
            key = {"templates": "templates.per_task", "rows": "mixture.rows"}[self.of]
            for number in self._numbers(int(self.to)):
                yield Setting(f"{self.of}-{number}", merged(values, {key: number}, self.of), {self.of: number})
            return
        order = tasks_by_power(values, self.of, seed, catalog)
        most = len(order) if self.to == "all" else self.to
        if most > len(order):
            what = f"there are {len(order)} {self.of} that are apart from the unseen side, and {most} are asked for"
            raise TaskMistake("powers", what, "write to: all, or name more tasks under 'seen'")
        for number in self._numbers(most):
            seen = [name for group in order[:number] for name in group]
            yield Setting(f"{self.of}-{number}", values | {"seen": seen}, {self.of: number})

    def _numbers(self, most: int) -> Iterator[int]:
        """Powers from `start`, and `most` itself where `all` is asked for or where it is no power."""
        number = min(self.start, most)
        while number < most:
            yield number
            number *= self.by
        yield most


class Product(Section):
    """Every setting of one grid (or of a list of arms) with every setting of another."""

    grid: Literal["product"]
    of: tuple[Values | tuple[Values, ...], Values | tuple[Values, ...]]

    def changes(self) -> Iterator[Values]:
        for factor in self.of:
            yield from (change for entry in _factor(factor) for change in entry.changes())

    def settings(self, values: Values, seed: int, catalog: OpenCatalog) -> Iterator[Setting]:
        first, second = (_factor(factor) for factor in self.of)
        for one in (setting for entry in first for setting in entry.settings(values, seed, catalog)):
            for two in (setting for entry in second for setting in entry.settings(one.values, seed, catalog)):
                work = "ask" if "ask" in (one.work, two.work) else "tune"
                about = {**one.about, **two.about}
                yield Setting(f"{one.name}{JOINED}{two.name}", two.values, about, work)  # type: ignore[arg-type]


Entry = NamedArm | ValuesGrid | ModelsGrid | WithoutEach | LeaveOneOut | Powers | Product
GRIDS: Mapping[str, type[Entry]] = {
    "values": ValuesGrid,
    "models": ModelsGrid,
    "without_each": WithoutEach,
    "leave_one_out": LeaveOneOut,
    "powers": Powers,
    "product": Product,
}


def entry_of(values: Values, where: str) -> Entry:
    """The arm or grid that `values` describe. Raises `RecipeMistake` with its place, for each thing that is wrong."""
    if "grid" not in values:
        return check_model(NamedArm, values, where, RecipeMistake)
    kind = values["grid"]
    if kind not in GRIDS:
        raise RecipeMistake(where, f"there is no grid '{kind}'", nearest(str(kind), GRIDS, "grids"))
    entry: Entry = check_model(GRIDS[kind], values, where, RecipeMistake)
    if isinstance(entry, Product):
        for number, factor in enumerate(entry.of):
            _factor(factor, f"{where}.of.{number}")
    return entry


def _factor(factor: Values | tuple[Values, ...], where: str = "product") -> list[Entry]:
    return [entry_of(values, where) for values in (factor if isinstance(factor, tuple) else (factor,))]


def _spelled(value: Any) -> str:
    """A value in a name, as YAML would spell it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _safe(name: str) -> str:
    """`name` as a folder may be called."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "arm"
