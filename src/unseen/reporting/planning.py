"""`unseen tune --plan` on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unseen.reporting.numbers import counted, drawn_of_epoch, sharing, whole
from unseen.reporting.plan_words import asked_words
from unseen.reporting.terminal import print_table
from unseen.study.means import OWN_BYTES

MANY = 0.1  # of the examples: copies of other rows beyond it are worth a look

if TYPE_CHECKING:
    from unseen.study.plan import Plan


def print_plan(plan: Plan, as_json: bool) -> None:
    """Every fact of the plan, then a few examples with their supervised tokens in colour."""
    if as_json:
        shown = [{"id": id, "tokens": [list(piece) for piece in pieces]} for id, pieces in plan.shown]
        print(json.dumps({**plan.values, "shown": shown}, ensure_ascii=False, indent=1))
        return
    print_table([{"": name, " ": value} for name, value in plan_lines(plan.values).items()], as_json=False)
    print()
    balance = plan.values["label_balance"]
    if balance:
        print("right answers among the drawn examples")
        print_table([{"task": task, "drawn as": _joined(counts)} for task, counts in balance.items()], as_json=False)
    if plan.values["delia"]:
        print("DELIA, step by step")
        print_table([step_line(each) for each in plan.values["delia"]], as_json=False)
    from rich.console import Console

    from unseen.reporting.showing import token_text

    console = Console(highlight=False)
    for id, pieces in plan.shown:
        console.print(f"\n── {id}", style="bold blue")
        console.print(token_text(pieces, console.is_terminal))


def step_line(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step of DELIA's algorithm: its number, what the paper does, and what is done here."""
    return {"step": step["step"], "in the paper": step["paper"], "here": step["told"]}


def plan_lines(values: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a plan, each with its name for people."""
    examples, hold_out = values["examples"], values["hold_out"]
    minutes = values["tuning_seconds"] / 60
    return {
        "run folder": values["folder"],
        "seen": ", ".join(values["seen"]),
        "unseen": ", ".join(values["unseen"]),
        "held out": f"level {hold_out['level']}; rows on both sides: {_overlap(hold_out)}",
        "left out by rules": "; ".join(f"{name} ({why})" for name, why in (hold_out["excluded"] or {}).items())
        or "none",
        "lists": ", ".join(
            f"{name}: {each['found']} of {each['entries']} here" for name, each in values["lists"].items()
        )
        or "none",
        "other languages": f"{len(values['other_languages'])} tasks left out",
        "examples": f"to tune on: {drawn_of_epoch(examples['examples'], examples['epoch_length'])}; to validate: "
        f"{examples['validation_examples']}",
        "lengths in tokens": _joined(values["lengths"]),
        "supervised tokens": values["supervised_tokens"],
        "repeats": repeats_line(values),
        "empty renderings": examples["empty_renderings"],
        "cut to fit": _joined(examples["cuts"]) or "none",
        "too long, left out": examples["too_long"],
        "steps": values["steps"],
        "tokens": f"{values['tokens']}, {values['positions_computed']} positions computed, padding included",
        "shared": sharing(values),
        "tuning": f"about {minutes:.1f} minutes here",
        "memory": memory_line(values),
        "machine, when planned": machine_line(values["machine"]),
        "kept to be verified": f"two steps, {values['replay_mb']} MB of disk" if values["replay_mb"] else "nothing",
        "questions": "; ".join(asked_words(values)) + "; at most",
        "asking": f"about {values['asking_seconds'] / 60:.1f} minutes here, from a few questions",
        "format": _joined({name: value for name, value in values["format"].items() if value}),
    } | ({"to mind": "; ".join(values["idle"])} if values.get("idle") else {})


def repeats_line(values: Mapping[str, Any]) -> str:
    """How many examples to tune on repeat an earlier one token for token, why, and whether that is to be mended."""
    repeats, examples = values["duplicates"], values["examples"]["examples"]
    if not repeats:
        return "none among the examples to tune on"
    again = values["drawn_again"]
    other = repeats - again
    told = [f"{whole(again)} a row drawn again, as rows are fewer than draws" if again else ""]
    told += [f"{whole(other)} another row or template with the same text" if other else ""]
    todo = "nothing to mend" if other < MANY * examples else "take copies out of the file if they are not meant"
    said = "; ".join(filter(None, told))
    return (
        f"{whole(repeats)} of {whole(examples)} examples to tune on have the tokens of an earlier one: {said}; {todo}"
    )


def process_mb(values: Mapping[str, Any]) -> int:
    """Megabytes of main memory that a run of this plan needs: for the process with torch in it and, without a GPU, for
    what is tuned."""
    own = OWN_BYTES >> 20
    return own if values["machine"]["gpus"] else own + int(values["memory_mb"])


def memory_line(values: Mapping[str, Any]) -> str:
    """What a run of this plan needs in all, and what of it is for what."""
    tuned, own = f"{whole(int(values['memory_mb']))} MB", f"{whole(OWN_BYTES >> 20)} MB"
    what = "weights, gradients, the optimizer and activations"
    if values["machine"]["gpus"]:
        return f"about {tuned} of the GPU for {what}, and {own} of main memory for the process"
    return f"about {whole(process_mb(values))} MB: {tuned} for {what}, {own} for the process with torch in it"


def machine_line(has: Mapping[str, Any]) -> str:
    """What the machine has, as `means.machine_facts` tells it."""
    cores = counted(has["cores"], "core")
    memory = f"{whole(has['free_mb'])} of {whole(has['memory_mb'])} MB of memory free"
    gpus = [f"{each['name']}, {whole(each['free_mb'])} of {whole(each['memory_mb'])} MB free" for each in has["gpus"]]
    return f"{cores}; {memory}; " + ("; ".join(gpus) or "no GPU")


def _overlap(hold_out: Mapping[str, Any]) -> str:
    counts = hold_out.get("counts") or ()
    return "; ".join(f"{each['seen_dataset']} and {each['unseen_dataset']}" for each in counts) or "none"


def _joined(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
