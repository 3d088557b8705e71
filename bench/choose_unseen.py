"""Our side of choose_vs_lm_eval.py: the backend that the commands ask. See steps.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from parted import parted
from worker import Stopwatch, answer, answers, job, wait_for_step

from unseen.ask.backend import ask
from unseen.ask.hf import HfBackend
from unseen.ask.question import Choose
from unseen.encode.format import Format
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.prompt.example import Example, Segment


def main(job: dict[str, Any]) -> None:
    out = answers()
    torch.set_num_threads(job["threads"])
    made = repeats(job)
    while wait_for_step():
        answer(out, job["device"], **next(made))


def repeats(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All rows asked, again and again: the seconds, and the scores of each row's options."""
    model, setting = load_model(resolve(job["model"]), job["dtype"]), job["setting"]
    model.module.to(job["device"])
    backend = HfBackend(model, Format("plain"), setting["batch_tokens"], model.context, options="open")
    while True:
        watch = Stopwatch(job["device"])
        found = ask(backend, [Choose(_example(number, row)) for number, row in enumerate(job["asked"])])
        spent = watch.read()
        yield {**spent, "scores": [each.log_probs for each in found]}


def _example(number: int, row: dict[str, Any]) -> Example:
    prompt, options = parted(row)
    return Example("bench/rows", "given", "test", number, (Segment("user", prompt),), tuple(options), separator="")


if __name__ == "__main__":
    main(job())
