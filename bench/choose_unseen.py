"""Our side of choose_vs_lm_eval.py: the backend that the commands ask. See steps.py."""

from __future__ import annotations

from typing import Any

import torch
from worker import answer, answers, job, now, wait_for_step

from unseen.ask.backend import ask
from unseen.ask.hf import HfBackend
from unseen.ask.question import Choose
from unseen.encode.format import Format
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.prompt.example import Example, Segment


def main(job: dict[str, Any]) -> None:
    out, device = answers(), job["device"]
    torch.set_num_threads(job["threads"])
    model = load_model(resolve(job["model"]))
    model.module.to(device)
    setting = job["setting"]
    backend = HfBackend(model, Format("plain"), setting["batch_tokens"], model.context, options="open")
    while wait_for_step():
        began = now(device)
        found = ask(backend, [Choose(_example(number, row)) for number, row in enumerate(job["asked"])])
        answer(out, device, seconds=now(device) - began, scores=[each.log_probs for each in found])


def _example(number: int, row: dict[str, Any]) -> Example:
    """The space before an option is the option's, as the peer has it: before a digit it is a token of its own."""
    space = "" if row["prompt"][-1:].isspace() else " "
    segments, options = (Segment("user", row["prompt"]),), tuple(space + each for each in row["options"])
    return Example("bench/rows", "given", "test", number, segments, options, separator="")


if __name__ == "__main__":
    main(job())
