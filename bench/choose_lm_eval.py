"""lm-evaluation-harness's side of choose_vs_lm_eval.py, in its own environment. See steps.py.

All of its classes get the dtype that ours has. The vLLM backend has not run yet, for want of a GPU; its engine is a
process of its own, whose memory `peak_mb` does not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from parted import parted
from worker import Stopwatch, answer, answers, job, wait_for_step


def main(job: dict[str, Any]) -> None:
    out = answers()
    torch.set_num_threads(job["threads"])
    made = repeats(job)
    while wait_for_step():
        answer(out, job["device"], **next(made))


def repeats(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All rows asked, again and again: the seconds, and the scores of each row's options."""
    model = {"hf": _hf, "vllm": _vllm, "unseen": _unseen}[job["setting"]["class"]](job)
    requests = [SimpleNamespace(args=pair, task_name="rows") for row in job["asked"] for pair in _pairs(row)]
    while True:
        watch = Stopwatch(job["device"])
        values = iter([value for value, _ in model.loglikelihood(requests, disable_tqdm=True)])
        spent = watch.read()
        yield {**spent, "scores": [[next(values) for _ in row["options"]] for row in job["asked"]]}


def _pairs(row: dict[str, Any]) -> list[tuple[str, str]]:
    prompt, options = parted(row)
    return [(prompt, option) for option in options]


def _hf(job: dict[str, Any]) -> Any:
    from lm_eval.models.huggingface import HFLM

    options = {"device": job["device"], "dtype": job["dtype"], "batch_size": job["setting"]["batch"]}
    return HFLM(pretrained=job["model"], **options)


def _vllm(job: dict[str, Any]) -> Any:
    from lm_eval.models.vllm_causallms import VLLM

    return VLLM(pretrained=job["model"], dtype=job["dtype"], batch_size="auto", enable_prefix_caching=True)


def _unseen(job: dict[str, Any]) -> Any:
    from unseen.ask.lm_eval import UnseenLM

    return UnseenLM(job["model"], job["dtype"], job["device"], batch_tokens=job["setting"]["batch_tokens"])


if __name__ == "__main__":
    main(job())
