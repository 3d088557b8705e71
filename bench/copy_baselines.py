"""The two copying baselines of Super-NaturalInstructions on the English test tasks that are here.

    UNSEEN_DATA=... python bench/copy_baselines.py [--json]

`input` answers with the instance's input, `example` with the output of the task's first positive example (Wang et al.
2022, table 3: ROUGE-L 14.2 and 28.5 over 119 tasks, at most 100 instances of each, the mean over all instances). Where
only some of the tasks are here the numbers differ; per category they say which kinds of tasks are missing.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from statistics import mean
from typing import Any

from unseen.data.rows import read_rows
from unseen.evaluation.metrics import row_value
from unseen.task.catalog import load_catalog
from unseen.task.task import Task

LIST = "super_natural_instructions/test"
INSTANCES = 100
PAPER = {"input": 14.2, "example": 28.5}
METRICS = ("rouge_l", "exact_match")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tasks = [task for task in load_catalog(("data",)).tasks.values() if LIST in task.dataset.lists]
    english = [task for task in tasks if task.dataset.language == ("en",)]
    if not english:
        raise SystemExit("no English test task is here: set UNSEEN_DATA")
    found = summary(english)
    print(json.dumps(found, indent=1) if arguments.json else table(found))


def summary(tasks: list[Task]) -> dict[str, Any]:
    """Means over instances, of all tasks and of each category."""
    values: dict[str, list[dict[str, float]]] = defaultdict(list)
    for task in tasks:
        for scored in judged(task):
            values["all"].append(scored)
            values[task.cluster].append(scored)
    groups = {name: averages(each) | {"instances": len(each)} for name, each in values.items()}
    return {"tasks": len(tasks), "paper": PAPER, "groups": groups}


def judged(task: Task) -> Iterator[dict[str, float]]:
    """Both answers to each instance, by both metrics."""
    instruction = task.dataset.instruction or {}
    example = next(iter(instruction["positive"]), {"output": ""})["output"]
    for row in islice(read_rows(task.dataset, "all"), INSTANCES):
        said = {"input": row.values["input"], "example": example}
        references = row.values["output"]
        yield {f"{name} {m}": row_value(m, text, references) for name, text in said.items() for m in METRICS}


def averages(scored: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(mean(each[key] for each in scored), 2) for key in scored[0]}


def table(found: dict[str, Any]) -> str:
    head = ["category", "instances", *(f"{name} {metric}" for name in PAPER for metric in METRICS)]
    lines = [head] + [[name, *(str(group[key]) for key in head[1:])] for name, group in found["groups"].items()]
    lines.append(["paper, all 119", "", str(PAPER["input"]), "", str(PAPER["example"]), ""])
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([f"{found['tasks']} English test tasks", *rows])


if __name__ == "__main__":
    main()
