"""Rows of five options each: the shipped questions about the world, without exemplars and with some."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unseen.data.rows import open_rows
from unseen.task.catalog import load_catalog

Row = dict[str, Any]
TASK, OPTIONS, SHOTS = "closed_book_qa/world_facts", 5, 5


def without_shots(count: int) -> list[Row]:
    return _questions("train")[:count]


def fixed_shots(count: int) -> list[Row]:
    """The same exemplars before every question."""
    shots = _questions("test")[:SHOTS]
    return [_behind(shots, row) for row in without_shots(count)]


def drawn_shots(count: int) -> list[Row]:
    """Exemplars drawn for every question."""
    draw, pool = random.Random(1), _questions("test")
    return [_behind(draw.sample(pool, SHOTS), row) for row in without_shots(count)]


CASES: dict[str, tuple[str, Callable[[int], list[Row]]]] = {
    "zero": ("0 shots", without_shots),
    "fixed": ("5 fixed shots", fixed_shots),
    "drawn": ("5 shots drawn per row", drawn_shots),
}


def _questions(split: str) -> list[Row]:
    """A split's rows in an order of their own; questions of fewer options get some of other questions."""
    draw = random.Random(split)
    rows = [row.values for row in open_rows(load_catalog(["shipped"]).tasks[TASK].dataset, split)]
    draw.shuffle(rows)
    others = [option for row in rows for option in row["options"]]
    return [_question(row, others, draw) for row in rows]


def _question(values: Mapping[str, Any], others: Sequence[str], draw: random.Random) -> Row:
    right = values["options"][values["label"]]
    options = [right, *(option for option in values["options"] if option != right)][:OPTIONS]
    while len(options) < OPTIONS:
        options = list(dict.fromkeys([*options, draw.choice(others)]))
    draw.shuffle(options)
    prompt = f"{values['question']}\nChoose one of these answers: {', '.join(options)}.\nAnswer:"
    return {"prompt": prompt, "options": options, "label": options.index(right)}


def _behind(shots: Sequence[Row], row: Row) -> Row:
    shown = (f"{shot['prompt']} {shot['options'][shot['label']]}\n\n" for shot in shots)
    return {**row, "prompt": "".join(shown) + row["prompt"]}
