"""Writes the shipped full instructions: task files in the schema of Super-NaturalInstructions, from our own rows.

Run by hand: `python -m unseen.catalog.make.instructions` writes `catalog/instructions/{tasks,splits}`, byte for byte.
What an instruction says was written by hand and lies in `instruction_texts/`, one file a task; so do the questions and
headlines that rows lack (`instruction_texts/notes`). Rows that a task shows as examples are no instance of any task
over the same dataset. Title, Prompt, Emphasis & Caution, Things to Avoid and the suggestions are those of Natural
Instructions v1.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unseen.catalog.make.instruction_pairs import RULES, Place, Values

CATALOG = Path(__file__).parents[1]
TEXTS = Path(__file__).parent / "instruction_texts"
TEST_CATEGORIES = ("Minimal Text Modification", "Title Generation")  # no other task comes from their datasets
CONTRIBUTORS = ("the authors of unseen",)
LICENCE = ("Apache-2.0",)
ENGLISH = {"input": "English", "output": "English", "instruction": "English"}


@dataclass(frozen=True, slots=True)
class Origin:
    """A dataset that tasks come from: its training rows, notes on some, and the rows that tasks show as examples.

    Tasks in other languages were written by hand and have no rows.
    """

    rows: tuple[Values, ...]
    notes: Values
    shown: frozenset[int]

    def place(self, index: int) -> Place:
        return Place(self.rows, index, self.notes.get(f"train/{index}", {}))


def files() -> dict[str, str]:
    """Text of every file under `catalog/instructions`, by its path there."""
    made = tasks()
    sides: dict[str, list[str]] = {"train": [], "test": []}
    for name, task in made.items():
        sides["test" if task["Categories"][0] in TEST_CATEGORIES else "train"].append(name)
    lists = {f"splits/default/{side}_tasks.txt": "\n".join(names) + "\n" for side, names in sides.items()}
    return {f"tasks/{name}.json": _json(task) for name, task in made.items()} | lists


def _json(task: Values) -> str:
    return json.dumps(task, ensure_ascii=False, indent=1) + "\n"


def tasks() -> dict[str, dict[str, Any]]:
    """Every task file's content by the task's name."""
    texts = {file.stem: _yaml(file) for file in sorted(TEXTS.glob("*.yaml"))}
    shown: dict[str, set[int]] = {}
    for said in texts.values():
        shown.setdefault(said["source"], set()).update(_shown_rows(said))
    origins = {source: _origin(source, indexes) for source, indexes in shown.items()}
    return {name: _task(name, said, origins[said["source"]]) for name, said in texts.items()}


def _shown_rows(said: Values) -> Iterator[int]:
    yield from (_index(each["row"]) for each in (*said["positive"], *said["negative"]) if "row" in each)


def _origin(source: str, shown: set[int]) -> Origin:
    rows, notes = CATALOG / "rows" / source / "train.jsonl", TEXTS / "notes" / f"{source}.yaml"
    lines = rows.read_text(encoding="utf-8").splitlines() if rows.exists() else []
    return Origin(tuple(map(json.loads, lines)), _yaml(notes) if notes.exists() else {}, frozenset(shown))


def _yaml(file: Path) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return said


def _task(name: str, said: Values, origin: Origin) -> dict[str, Any]:
    languages = said.get("languages", ENGLISH)
    return {
        "Contributors": CONTRIBUTORS,
        "Source": [said["source"]],
        "Categories": [said["category"]],
        "Reasoning": said["reasoning"],
        "Title": said["title"],
        "Definition": [said["definition"]],
        "Emphasis & Caution": said["emphasis"],
        "Things to Avoid": said["avoid"],
        "Prompt": said["prompt"],
        "Input_language": [languages["input"]],
        "Output_language": [languages["output"]],
        "Instruction_language": [languages["instruction"]],
        "Domains": said["domains"],
        "Positive Examples": [_example(name, origin, each) for each in said["positive"]],
        "Negative Examples": [_example(name, origin, each) for each in said["negative"]],
        "Instances": list(_instances(name, said, origin)),
        "Instance License": LICENCE,
    }


def _example(name: str, origin: Origin, said: Values) -> dict[str, str]:
    """An example of a row has its input, and its output where none is said."""
    if "row" in said:
        pair = RULES[name].pair(origin.place(_index(said["row"])))
        if pair is None:
            raise ValueError(f"{name}: {said['row']} cannot be an example")
        said = {"input": pair.input, "output": pair.outputs[0], **said}
    return {key: said[key] for key in ("input", "output", "explanation", "suggestion") if key in said}


def _instances(name: str, said: Values, origin: Origin) -> Iterator[dict[str, Any]]:
    number = name.partition("_")[0]
    if "instances" in said:
        yield from ({"id": f"{number}-{at}", **each} for at, each in enumerate(said["instances"]))
        return
    rule, counts = RULES[name], Counter[str]()
    for index in range(rule.first, len(origin.rows)):
        pair = None if index in origin.shown else rule.pair(origin.place(index))
        group = pair.outputs[0] if pair and rule.labels > 1 else ""
        if pair and counts[group] < rule.most // rule.labels:
            counts[group] += 1
            yield {"id": f"{number}-train-{index}", "input": pair.input, "output": list(pair.outputs)}


def _index(row: str) -> int:
    """The number in `train/12`: all of it is made of training rows."""
    return int(row.removeprefix("train/"))


if __name__ == "__main__":
    for path, text in files().items():
        target = CATALOG / "instructions" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
