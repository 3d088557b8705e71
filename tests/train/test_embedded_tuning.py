"""The embedded model through tuning: its real tokens in, a folder out that loads elsewhere and says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_tuning import changed

from unseen.encode.encode import encode
from unseen.encode.format import format_of
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.prompt.example import Example, Segment
from unseen.train.loop import finish, tune
from unseen.train.plan import plan_steps

SETTINGS = changed(method="lora", rank=4, steps=2, examples_per_step=2, batch_tokens=256, learning_rate=1e-3)
WORDS = [("The soup was cold.", "no"), ("A quiet, lovely film.", "yes")]


def encoded(model: LanguageModel) -> list[Any]:
    examples = [
        Example("sentiment/t", "t", "train", row, (Segment("user", text), Segment("assistant", word, weight=1.0)))
        for row, (text, word) in enumerate(WORDS)
    ]
    return [encode(each, model.tokenizer, format_of("auto", model.tokenizer), 64) for each in examples]


@pytest.mark.slow
def test_a_tuned_embedded_model_is_left_in_a_folder_that_loads(embedded_folder: Path, tmp_path: Path) -> None:
    model = load_model(resolve(str(embedded_folder)))
    examples = encoded(model)
    plan = plan_steps([0, 1, 1, 0], examples, SETTINGS, epoch_length=2)
    tuned = tune(model, plan, SETTINGS, tmp_path, examples=examples)
    first, second = (line["loss"] for line in tuned.steps)
    assert second < first
    assert tuned.readout == "head"
    again = load_model(resolve(str(finish(tuned, tmp_path, ["sentiment/t"], ["film_notes"]))))
    ids = torch.tensor(examples[0].ids.astype("int64"))[None]
    with torch.no_grad():
        assert torch.equal(again.module(ids).logits, tuned.model.module(ids).logits)
