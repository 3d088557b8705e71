"""Which rows a recipe comes to: what is asked is what was compared, and what shapes a result is in the fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unseen.errors import HoldOutMistake, RecipeMistake
from unseen.evaluation.rows import asked_split
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.examples import TuningExamples
from unseen.study.prepare import Prepared, prepare
from unseen.task.seeds import shuffled

WORDS = (
    *("river", "lantern", "orchard", "violin", "harbour", "saddle"),
    *("kettle", "meadow", "chimney", "ribbon", "anchor", "thimble"),
)
TEMPLATE = {
    "name": "cheerful",
    "prompt": "{{ text }}\nCheerful?",
    "answer_choices": ["no", "yes"],
    "completion": "{{ answer_choices[label] }}",
}
Lines = Sequence[tuple[str, int]]
Made = Callable[..., Prepared]


def sentence(number: int) -> str:
    """Sentences that share no run of words, and no number."""
    random = np.random.default_rng(number)
    return " ".join(random.choice(WORDS, 14))


def texts(*numbers: int, label: int = 1) -> Lines:
    return [(sentence(number), label) for number in numbers]


@pytest.fixture
def made(tmp_path: Path, tiny_model: Path, home: Path) -> Made:
    """A recipe over two datasets with these splits, prepared: `one` is seen, `two` unseen."""

    def make(one: Mapping[str, Lines], two: Mapping[str, Lines], **values: Any) -> Prepared:
        folder = tmp_path / "catalog"
        folder.mkdir(exist_ok=True)
        for name, splits in (("one", one), ("two", two)):
            description = {
                "dataset": name,
                "cluster": f"cluster_{name}",
                "source": {"files": {split: f"{name}_{split}.jsonl" for split in splits}},
                "labels": {"column": "label", "words": ["no", "yes"], "unlabelled": -1},
                "templates": [TEMPLATE],
            }
            (folder / f"{name}.yaml").write_text(json.dumps(description))
            for split, rows in splits.items():
                lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
                (folder / f"{name}_{split}.jsonl").write_text("\n".join(lines) + "\n")
        said = {"name": "rows", "model": str(tiny_model), "catalogs": [str(folder)]}
        said |= {"seen": ["cluster_one/*"], "unseen": ["cluster_two/*"], **values}
        return prepare(check_model(Recipe, said, "recipe", RecipeMistake))

    return make


def test_where_the_test_split_is_unlabelled_the_split_that_is_asked_is_compared(made: Made) -> None:
    unlabelled = texts(20, 21, label=-1)
    apart = made({"train": texts(1, 2, 3)}, {"test": unlabelled, "validation": texts(30, 31)})
    assert asked_split(apart.unseen[0], "unseen", apart.rows) == "validation"
    with pytest.raises(HoldOutMistake, match="text on both sides"):
        made({"train": texts(1, 2, 3)}, {"test": unlabelled, "validation": texts(30, 2)})
    made({"train": texts(1, 2, 20)}, {"test": unlabelled, "validation": texts(30, 31)})  # nobody is asked row 20


def test_rows_that_exemplars_come_from_are_in_the_fingerprint_where_there_are_any(made: Made) -> None:
    seen, asked = {"train": texts(1, 2, 3)}, {"test": texts(30, 31)}

    def fingerprint(shots: list[int], *shown: int) -> str:
        return made(seen, {**asked, "train": texts(*shown)}, evaluate={"shots": shots}).fingerprint

    assert fingerprint([0, 1], 40, 41) != fingerprint([0, 1], 40, 42)
    assert fingerprint([0], 40, 41) == fingerprint([0], 40, 42)


@pytest.mark.parametrize("exemplars", ["task", "row"])
def test_exemplars_of_tuning_are_rows_that_may_be_tuned_on(made: Made, exemplars: str) -> None:
    prepared = made(
        {"train": texts(*range(1, 13))},
        {"test": texts(3, 5, 30)},
        shots=2,
        hold_out={"overlap": "drop_seen"},
        train={"validation_rows": 2},
        evaluate={"exemplars": exemplars},
    )
    examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    tuned = {sentence(int(place) + 1) for place in prepared.seen_rows.tune["cluster_one/one"]}
    assert len(tuned) == 8
    shown = {
        segment.text.partition("\n")[0]
        for example in islice(examples, 40)
        for segment in example.segments
        if segment.role == "user"
    }
    assert shown == tuned


def test_numbers_shuffled_as_they_are_asked_for_are_each_given_once() -> None:
    for count in (0, 1, 7, 200):
        whole = list(shuffled(count, np.random.default_rng(3)))
        assert sorted(whole) == list(range(count))
        assert list(islice(shuffled(count, np.random.default_rng(3)), 3)) == whole[:3]
    firsts = [next(shuffled(4, np.random.default_rng(seed))) for seed in range(400)]
    assert all(70 < firsts.count(number) < 130 for number in range(4))
