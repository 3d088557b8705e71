"""predictions.parquet gives back what was written, and a killed run keeps its parts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.errors import ScoreMistake
from unseen.evaluation.prediction import Prediction
from unseen.evaluation.prediction_file import PredictionWriter, parts_of, read_predictions

WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PREDICTIONS = st.builds(
    Prediction,
    task=WORD,
    template=WORD,
    split=st.just("test"),
    row=st.integers(0, 2**40),
    side=st.sampled_from(["seen", "unseen"]),
    model=WORD,
    shots=st.integers(0, 9),
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["choose", "generate"]),
    plain=st.booleans(),
    prompt=WORD,
    text=WORD,
    references=st.lists(WORD, max_size=3).map(tuple),
    metrics=st.lists(WORD, max_size=2).map(tuple),
    values=st.dictionaries(WORD, NUMBER, max_size=3),
    choices=st.lists(WORD, max_size=3).map(tuple),
    correct=st.none() | st.integers(0, 9),
    chosen=st.none() | st.integers(0, 9),
    log_probs=st.lists(NUMBER, max_size=3).map(tuple),
    lengths=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    unconditional=st.lists(NUMBER, max_size=3).map(tuple),
    margin=st.none() | NUMBER,
    cut=st.booleans(),
)
SAMPLE = Prediction("a/b", "t", "test", 0, "seen", "base", 0, 0, "generate", False, "p", "x", ("x",), ("f1",))


@settings(deadline=None, max_examples=30)
@given(predictions=st.lists(PREDICTIONS, max_size=7))
def test_what_is_written_is_read_back(predictions: list[Prediction], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "predictions.parquet"
    with PredictionWriter(path, rows_a_part=3) as writer:
        for each in predictions:
            writer.write(each)
    assert list(read_predictions(path)) == predictions
    assert list(path.parent.iterdir()) == [path]
    assert set(pq.read_schema(path).names) == {field.name for field in fields(Prediction)}


def test_a_stopped_run_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    writer = PredictionWriter(path, rows_a_part=2)
    for _ in range(5):
        writer.write(SAMPLE)  # and here the process is killed: the writer is never closed
    assert not path.exists()
    (parts_of(path) / "000002.parquet.unfinished").write_bytes(b"half a part")
    assert list(read_predictions(path)) == [SAMPLE] * 4


def test_an_exception_keeps_every_prediction_and_the_next_writer_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    with pytest.raises(KeyboardInterrupt), PredictionWriter(path, rows_a_part=2) as writer:
        for _ in range(3):
            writer.write(SAMPLE)
        raise KeyboardInterrupt
    assert list(read_predictions(path)) == [SAMPLE] * 3
    with PredictionWriter(path) as writer:
        writer.write(SAMPLE)
    assert list(read_predictions(path)) == [SAMPLE]


def test_a_file_of_something_else_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ScoreMistake, match="no such file"):
        list(read_predictions(tmp_path / "absent.parquet"))
    other = tmp_path / "other.parquet"
    other.write_text("text")
    with pytest.raises(ScoreMistake, match="holds no predictions"):
        list(read_predictions(other))
