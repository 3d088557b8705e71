"""What a plan comes to, in the words of somebody who wants to start it: how long, on what, and asked what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unseen.reporting.numbers import counted, duration, share_of_epoch, whole
from unseen.reporting.sections.split import CLAIMS
from unseen.task.task import TURNED

NAMED = 4  # tasks that are named one by one; of more, their number is told
SIDE_KEYS = {"unseen": "evaluate.rows", "seen": "evaluate.seen_rows"}
SIDE_NAMES = {"unseen": "unseen tasks", "seen": "seen tasks (new rows)"}


def time_words(values: Mapping[str, Any]) -> str:
    """The whole of it first, then what it is made of."""
    tuning, asking = values["tuning_seconds"], values["asking_seconds"]
    steps, number = counted(values["steps"], "step"), counted(sum(values["questions"].values()), "question")
    return (
        f"about {duration(tuning + asking)} on this machine: {duration(tuning)} for {steps} of tuning, "
        f"{duration(asking)} for {number}; loading and the report come on top"
    )


def tuned_words(values: Mapping[str, Any]) -> str:
    """Examples, the share of an epoch that they are, and of which rows of which tasks they are made."""
    examples, epoch = values["examples"]["examples"], values["examples"].get("epoch_length", 0)
    said = f"{counted(examples, 'example')} in {counted(values['steps'], 'step')}"
    if epoch:
        said += f", {share_of_epoch(examples, epoch)} ({counted(epoch, 'draw')})"
    return f"{said}: {_drawn_from(values)}"


def _drawn_from(values: Mapping[str, Any]) -> str:
    drawn, names = values.get("exposures", {}), values["seen"]
    if not drawn or len(names) > NAMED:
        turned = sum(name.endswith(TURNED) for name in names)
        return f"of {counted(len(names), 'task')}" + (f", {turned} of them turned around" if turned else "")
    told = [f"{_examples_of(drawn.get(name, {}))} of {name}" for name in names]
    return "; ".join(told)


def _examples_of(drawn: Mapping[str, int]) -> str:
    examples, rows = drawn.get("examples", 0), drawn.get("rows", 0)
    return whole(examples) if examples == rows else f"{whole(examples)} from {counted(rows, 'row')}"


def held_words(values: Mapping[str, Any]) -> str:
    """The tasks that are never tuned on, what is claimed of them, and which rows of both sides meet."""
    names, hold_out = values["unseen"], values["hold_out"]
    if not names:
        return "nothing: every task is tuned on"
    tasks = ", ".join(names) if len(names) <= NAMED else counted(len(names), "task")
    claim = f"at level {hold_out['level']}: {CLAIMS.get(hold_out['level'], '')}"
    counts = hold_out.get("counts") or ()
    if not counts:
        return f"{tasks}, {claim}; no row of one side shares text with the other"
    met = ", ".join(f"{each['seen_dataset']} and {each['unseen_dataset']}" for each in counts[:NAMED])
    return f"{tasks}, {claim}; rows of {met} share text, see the table"


def asked_words(values: Mapping[str, Any]) -> list[str]:
    """A line a side: how many questions at most, and the product that they are; then which models those are."""
    if not values["questions"]:
        return ["nothing"]
    sides = [_side_words(side, number, values) for side, number in values["questions"].items()]
    asked = values.get("asked", ())
    models = ["2 models are base and tuned"] if any(each["models"] == 2 for each in asked) else []
    plain = ["plain prompts are for base alone"] if any(each["plain"] for each in asked) else []
    return [*sides, *(["; ".join([*models, *plain])] if models or plain else [])]


def _side_words(side: str, number: int, values: Mapping[str, Any]) -> str:
    tasks = [each for each in values.get("asked", ()) if each["side"] == side]
    name, key = SIDE_NAMES.get(side, side), SIDE_KEYS.get(side, "")
    head = f"{counted(number, 'question')} of {name}"
    if not tasks:
        return head
    if len({_shape(each) for each in tasks}) == 1:
        times = f"{len(tasks)} tasks × " if len(tasks) > 1 else ""
        return f"{head} = {times}{product(tasks[0])}; {key} sets the rows"
    rows = [each["rows"] for each in tasks]
    between = f"{min(rows)} to {max(rows)} rows" if min(rows) < max(rows) else counted(rows[0], "row")
    return f"{head}, {len(tasks)} tasks with {between} × templates × models each; {key} sets the rows"


def _shape(asked: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(asked[name] for name in ("rows", "templates", "models", "plain", "draws"))


def product(asked: Mapping[str, Any]) -> str:
    """8 rows × (3 templates × 2 models + 1 plain prompt)."""
    ways = f"{counted(asked['templates'], 'template')} × {counted(asked['models'], 'model')}"
    if asked["plain"]:
        ways = f"({ways} + {counted(asked['plain'], 'plain prompt')})"
    draws = asked["draws"]
    return f"{counted(asked['rows'], 'row')} × {ways}" + (f" × {draws} choices of exemplars" if draws > 1 else "")


def asked_table(values: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str | int]]]:
    """Heads and rows: each task with the numbers whose product its questions are."""
    heads = ("side", "task", "rows", "templates", "models", "plain prompts", "choices of exemplars", "questions")
    keys = ("side", "task", "rows", "templates", "models", "plain", "draws", "questions")
    return heads, [[each[key] for key in keys] for each in values.get("asked", ())]


def drawn_table(values: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str | int]]]:
    """Heads and rows: of each task that is tuned on, the examples, their rows, and the rows that there are to draw."""
    there = values["examples"].get("rows", {})
    rows: list[Sequence[str | int]] = [
        [name, each["examples"], each["rows"], _rows_there(there, name), each["wordings"]]
        for name, each in values.get("exposures", {}).items()
    ]
    return ("task", "examples", "rows drawn", "rows to draw from", "templates"), rows


def _rows_there(there: Mapping[str, Mapping[str, int]], task: str) -> int | str:
    return there.get(task.partition(":")[0], {}).get("tuned_on", "")
