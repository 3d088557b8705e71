"""Every template of PromptSource 0.2.3, against PromptSource's own `Template.apply` of the same archive."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import jinja2.filters
import pytest
from fitting_rows import Fitting
from jinja2 import Environment
from real_rows import REAL

from unseen.data.dataset import Row
from unseen.errors import UnseenError
from unseen.prompt.engine import CompiledTemplate, compile_template, row_random
from unseen.prompt.promptsource_file import TemplateFile, read_promptsource

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import promptsource_peer as peer

Theirs = Any  # PromptSource's Template object
CUTS = (None, 2048)


@pytest.fixture(scope="module")
def theirs(promptsource_archive: Path) -> tuple[Any, dict[str, list[Theirs]]]:
    module = peer.load(promptsource_archive)
    return module, peer.template_files(promptsource_archive, module)


@pytest.fixture(scope="module")
def ours(promptsource_archive: Path) -> dict[str, TemplateFile]:
    return {file.name: file for file in read_promptsource(promptsource_archive)}


class Draws:
    """Makes PromptSource's `choice` and Jinja's `random`, which use the global generator, draw from ours."""

    def __init__(self, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random = Random(0)
        module.env.filters["choice"] = lambda items: self.random.choice(items)
        monkeypatch.setattr(jinja2.filters, "random", self)

    def choice(self, items: Any) -> Any:
        return self.random.choice(items)

    def of(self, compiled: CompiledTemplate, row: Row) -> None:
        self.random = row_random(compiled.template, row)


@pytest.fixture
def draws(theirs: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Draws:
    return Draws(theirs[0], monkeypatch)


def outcome(call: Callable[[], list[str]], faults: type[Exception]) -> list[str] | None:
    try:
        return call()
    except faults:
        return None


def pairs(theirs: dict[str, list[Theirs]], ours: dict[str, TemplateFile]) -> Iterator[tuple[str, Theirs, Any]]:
    for name, templates in theirs.items():
        for their, our in zip(templates, ours[name].templates, strict=True):
            yield name, their, our


def test_the_archive_is_read_whole(ours: dict[str, TemplateFile], theirs: tuple[Any, dict[str, list[Theirs]]]) -> None:
    assert len(ours) == 279
    assert sum(len(file.templates) for file in ours.values()) == 2085
    for _, their, our in pairs(theirs[1], ours):
        assert our.name == their.name
        assert our.answer_choices == their.answer_choices
        assert our.original_task is (their.metadata.original_task is not False)
        assert our.choices_in_prompt == their.metadata.choices_in_prompt
        assert list(our.metrics) == (their.metadata.metrics or [])


def test_every_template_writes_what_promptsource_writes_on_rows_that_fit(
    theirs: tuple[Any, dict[str, list[Theirs]]], ours: dict[str, TemplateFile], draws: Draws
) -> None:
    different, never, seen = [], [], set()
    for name, their, our in pairs(theirs[1], ours):
        if (their.jinja, their.answer_choices) in seen:
            continue  # the same template under another dataset
        seen.add((their.jinja, their.answer_choices))
        for row, compiled in fitting_rows(name, their, our):
            outcomes = [both_write(their, compiled, row, cut, draws) for cut in CUTS]
            different += [(name, our.name, cut) for cut, o in zip(CUTS, outcomes, strict=True) if o and o[0] != o[1]]
            if all(outcomes):
                break  # one row that both sides can render, cut and uncut, is enough
        else:
            never.append((name, our.name))
    assert not different
    assert len(seen) > 1400
    assert len(never) <= 60, never  # rows that these need (an offset that is a number as text) are not made up


def both_write(
    their: Theirs, compiled: CompiledTemplate, row: Row, cut: int | None, draws: Draws
) -> tuple[list[str], list[str]] | None:
    """What both sides write; None where either refuses the row. The row itself is left as it was."""
    given, before = copy.deepcopy(dict(row.values)), copy.deepcopy(row.values)
    draws.of(compiled, row)
    wanted = outcome(lambda: their.apply(given, truncate=cut is not None), Exception)
    got = outcome(lambda: compiled.apply(row, truncate_chars=cut), UnseenError)
    assert row.values == before
    return None if wanted is None or got is None else (wanted, got)


def fitting_rows(name: str, their: Theirs, our: Any) -> Iterator[tuple[Row, CompiledTemplate]]:
    compiled = compile_template(our)
    parse = Environment().parse
    choices = their.answer_choices
    count = 1 + choices.count("|||") if choices and "{" not in choices else 2
    fitting = Fitting(parse(their.jinja), parse(choices) if choices else None, count)
    for number in range(6):
        random = Random(f"{name} {our.name} {number}")
        yield Row("train", number, fitting.row(random, compiled.columns)), compiled


@pytest.mark.parametrize("name", REAL)
def test_real_rows_are_written_as_promptsource_writes_them(
    name: str, real_data: Path, theirs: tuple[Any, dict[str, list[Theirs]]], ours: dict[str, TemplateFile], draws: Draws
) -> None:
    folder, read = REAL[name]
    rows = [Row("train", index, values) for index, values in enumerate(read(real_data / folder))]
    assert len(rows) > 20
    compared = 0
    for their, our in zip(theirs[1][name], ours[name].templates, strict=True):
        compiled = compile_template(our)
        if compiled.required - rows[0].values.keys():
            continue
        for row in rows[:: len(rows) // 8]:
            for cut in CUTS:
                draws.of(compiled, row)
                wanted = their.apply(copy.deepcopy(dict(row.values)), truncate=cut is not None)
                assert compiled.apply(row, truncate_chars=cut) == wanted
                compared += 1
    assert compared >= 16
