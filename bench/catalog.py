"""2,000 tasks in a catalog: how long listing, loading and rendering take, and in how much memory.

    python bench/catalog.py [--tasks 2000] [--json]

The tasks are task files of Super-NaturalInstructions' form in a temporary folder: copies of those under $UNSEEN_DATA
where they are, each under many names, else texts made up here. Every measurement is a process of its own; `unseen list
tasks` is the command as it is typed, from its start to its end, the best of three. A quiet machine is needed: what else
runs is in the numbers. The exit code is 1 where listing takes over 2 seconds or any process over 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WORDS = ("river", "stone", "lamp", "garden", "train", "letter", "bridge", "winter", "market", "window", "paper")
INSTANCES = 100
LIMITS = {"list, index fresh, s": 2.0, "peak memory, GB": 2.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(MEASURES[arguments.measure]()))
        return
    with tempfile.TemporaryDirectory(prefix="unseen-catalog-") as name:
        found = measured(Path(name), arguments.tasks)
    print(json.dumps(found, indent=1) if arguments.json else table(found))
    sys.exit(any(found[key] > limit for key, limit in LIMITS.items()))


def measured(folder: Path, tasks: int) -> dict[str, Any]:
    """Seconds and gigabytes, over a collection of `tasks` tasks that is imported into an empty home."""
    source = make_tasks(folder / "tasks", tasks)
    os.environ["UNSEEN_HOME"] = str(folder / "home")
    os.environ.pop("UNSEEN_DATA", None)
    imported, _ = timed(["unseen", "import", "natural-instructions", str(folder), "--name", "many"])
    shutil.rmtree(folder / "home" / "cache")
    first = measure("load")
    listed, printed = min(timed(["unseen", "list", "tasks"]) for _ in range(3))
    parts = {part: measure(part) for part in ("load", "render")}
    return {
        "tasks": parts["load"]["tasks"],
        "texts": source,
        "files, MB": round(sum(file.stat().st_size for file in (folder / "tasks").iterdir()) / 1e6, 1),
        "import, s": imported,
        "first load, every file read, s": first["seconds"],
        "second load, s": parts["load"]["seconds"],
        "list, index fresh, s": listed,
        "lines listed": printed.count("\n"),
        "one row of each task rendered, s": parts["render"]["seconds"],
        "rows rendered": parts["render"]["rows"],
        "peak memory, GB": peak_gb(),
    }


def make_tasks(folder: Path, count: int) -> str:
    """`count` task files; says what they were made of."""
    folder.mkdir(parents=True)
    real = sorted(Path(os.environ.get("UNSEEN_DATA", "")).glob("super_natural_instructions/tasks/*.json"))
    for number in range(count):
        if real:
            shutil.copyfile(real[number % len(real)], folder / f"copy{number:04}_{real[number % len(real)].name}")
        else:
            (folder / f"task{number:04}_made_up.json").write_text(json.dumps(made_up(number)), encoding="utf-8")
    return f"copies of {len(real)} real tasks" if real else "made up"


def made_up(number: int) -> dict[str, Any]:
    """A task of the usual size: a definition of 57 words, three positive and two negative examples, 100 instances."""
    draw = random.Random(number)

    def text(words: int) -> str:
        return " ".join(draw.choices(WORDS, k=words))

    def example() -> dict[str, str]:
        return {"input": text(40), "output": text(4), "explanation": text(20)}

    return {
        "Source": [f"source{number // 3}"],
        "Categories": [f"Category {number % 76}"],
        "Definition": [text(57)],
        "Input_language": ["English"],
        "Output_language": ["English"],
        "Domains": ["Miscellaneous"],
        "Positive Examples": [example() for _ in range(3)],
        "Negative Examples": [example() for _ in range(2)],
        "Instances": [{"id": f"{number}-{i}", "input": text(60), "output": [text(5)]} for i in range(INSTANCES)],
    }


def load() -> dict[str, Any]:
    from unseen.task.catalog import load_catalog

    with clock() as seconds:
        catalog = load_catalog(("user",))
    return {"tasks": len(catalog.tasks), "seconds": seconds()}


def render() -> dict[str, Any]:
    """The first row of every task, read from its file: nothing else of it is read before."""
    from unseen.data.rows import read_rows
    from unseen.task.catalog import load_catalog
    from unseen.task.render import example_of

    catalog = load_catalog(("user",))
    with clock() as seconds:
        rows = sum(
            example_of(task, 0, next(read_rows(task.dataset, "all"))) is not None for task in catalog.tasks.values()
        )
    return {"rows": rows, "seconds": seconds()}


MEASURES: dict[str, Callable[[], dict[str, Any]]] = {"load": load, "render": render}


def measure(part: str) -> dict[str, Any]:
    """One of `MEASURES` in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--measure", part], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def timed(command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True)
    return round(time.perf_counter() - began, 2), done.stdout


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    began = time.perf_counter()
    yield lambda: round(time.perf_counter() - began, 2)


def peak_gb() -> float:
    """The most memory that any of the processes started here has held."""
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20, 2)


def table(found: dict[str, Any]) -> str:
    width = max(map(len, found))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in found.items())


if __name__ == "__main__":
    main()
