"""lm-evaluation-harness's side of choose_vs_lm_eval.py, in its own environment. See steps.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from worker import answer, answers, job, now, wait_for_step


def main(job: dict[str, Any]) -> None:
    out, device = answers(), job["device"]
    torch.set_num_threads(job["threads"])
    model = {"hf": _hf, "vllm": _vllm, "unseen": _unseen}[job["setting"]["class"]](job)
    requests = [SimpleNamespace(args=pair, task_name="rows") for row in job["asked"] for pair in _pairs(row)]
    while wait_for_step():
        began = now(device)
        values = iter([value for value, _ in model.loglikelihood(requests, disable_tqdm=True)])
        seconds = now(device) - began
        scores = [[next(values) for _ in row["options"]] for row in job["asked"]]
        answer(out, device, seconds=seconds, scores=scores)


def _pairs(row: dict[str, Any]) -> list[tuple[str, str]]:
    separator = "" if row["prompt"][-1:].isspace() else " "
    return [(row["prompt"], separator + option) for option in row["options"]]


def _hf(job: dict[str, Any]) -> Any:
    from lm_eval.models.huggingface import HFLM

    options = {"device": job["device"], "dtype": "float32", "batch_size": job["setting"]["batch"]}
    return HFLM(pretrained=job["model"], **options)


def _vllm(job: dict[str, Any]) -> Any:
    from lm_eval.models.vllm_causallms import VLLM

    return VLLM(pretrained=job["model"], dtype="float32", batch_size="auto", enable_prefix_caching=True)


def _unseen(job: dict[str, Any]) -> Any:
    from unseen.ask.lm_eval import UnseenLM

    return UnseenLM(job["model"], device=job["device"], batch_tokens=job["setting"]["batch_tokens"])


if __name__ == "__main__":
    main(job())
