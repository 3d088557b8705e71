"""`tune`: the loss falls, the run folder is whole, and a run is refused where it should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_tuning import SETTINGS, changed, gpt2, llama, losses, random_examples, run_tiny, with_lora

from unseen.errors import RecipeMistake


@pytest.mark.parametrize("make", [llama, lambda: llama(tied=True), gpt2, lambda: with_lora(llama())])
def test_the_loss_falls(tmp_path: Path, make) -> None:
    settings = changed(steps=24, learning_rate=2e-2)
    fallen = losses(run_tiny(make(), tmp_path, settings, examples=random_examples(4)))
    assert fallen[-1] < 0.75 * fallen[0]


def test_steps_are_written_one_a_line_with_what_was_computed(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path, changed(epochs=1))
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["epoch"] == 1.0
    assert all(0 < line["supervised_tokens"] < line["tokens"] <= line["tokens_padded"] for line in lines)
    assert sum(line["tokens"] for line in lines) == sum(len(each.ids) for each in random_examples(24))


def test_resuming_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    first = run_tiny(llama(), tmp_path, SETTINGS)
    again = run_tiny(llama(), tmp_path, SETTINGS, resume=True)
    assert again.steps == first.steps


def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    run_tiny(llama(), tmp_path, SETTINGS)
    with pytest.raises(RecipeMistake, match="already holds a run"):
        run_tiny(llama(), tmp_path, SETTINGS)
