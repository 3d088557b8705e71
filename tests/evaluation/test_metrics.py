"""The metrics against hand-judged rows, published scorers, and sacrebleu's public functions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.errors import Mistakes, ScoreMistake, UserMistake
from unseen.evaluation.metrics import corpus_value, row_value
from unseen.evaluation.score import score, score_file

TEXT = st.text(st.sampled_from(list("ab cdThean.,!'é\u00a0\n")), max_size=20)

HAND_JUDGED = [
    ("accuracy", " yes\n", ["yes"], 100),
    ("accuracy", "not\u00a0  sure", ["not sure"], 100),
    ("accuracy", "Yes", ["yes"], 0),
    ("accuracy", "yes", ["no"], 0),
    ("accuracy", "yes.", ["yes"], 0),
    ("exact_match", "The  Cat!", ["the cat"], 100),
    ("exact_match", "cat", ["the cat"], 0),
    ("exact_match", "it's", ["its"], 100),
    ("f1", "the cat sat", ["a cat"], 100 * 2 / 3),
    ("f1", "dog", ["cat", "dog house"], 100 * 2 / 3),
    ("f1", "the", ["a"], 100),
    ("f1", "", ["cat"], 0),
    ("f1", "cat cat", ["cat"], 100 * 2 / 3),
    ("rouge_l", "police killed the gunman", ["police kill the gunman"], 100),  # killed has the stem kill
    ("rouge_l", "police kill the gunman", ["the gunman kill police"], 50),  # Lin 2004's example
    ("rouge_l", "", [""], 0),
]


@pytest.mark.parametrize(("metric", "prediction", "references", "value"), HAND_JUDGED)
def test_a_metric_agrees_with_a_person(metric: str, prediction: str, references: list[str], value: float) -> None:
    assert row_value(metric, prediction, references) == pytest.approx(value)


@settings(deadline=None)
@given(prediction=TEXT, references=st.lists(TEXT, min_size=1, max_size=3))
def test_the_best_reference_counts_and_more_references_never_hurt(prediction: str, references: list[str]) -> None:
    for metric in ("accuracy", "exact_match", "f1", "rouge_l"):
        alone = [row_value(metric, prediction, [reference]) for reference in references]
        assert row_value(metric, prediction, references) == max(alone)
        assert all(0 <= value <= 100 for value in alone)


@settings(deadline=None)
@given(text=TEXT, spaces=st.sampled_from(["", " ", "\n", "\t ", "\u00a0"]))
def test_white_space_around_an_answer_never_decides(text: str, spaces: str) -> None:
    for metric in ("accuracy", "exact_match"):
        assert row_value(metric, spaces + text + spaces, [text]) == 100.0


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXT, st.lists(TEXT.filter(bool), min_size=2, max_size=2)), min_size=1, max_size=6))
def test_bleu_and_chrf_equal_sacrebleu_over_the_corpus(rows: list[tuple[str, list[str]]]) -> None:
    said = [prediction for prediction, _ in rows]
    wanted = [references for _, references in rows]
    columns = [list(column) for column in zip(*wanted, strict=True)]
    assert corpus_value("bleu", said, wanted) == pytest.approx(
        sacrebleu.corpus_bleu(said, columns, force=True).score, abs=1e-9
    )
    assert corpus_value("chrf", said, wanted) == pytest.approx(sacrebleu.corpus_chrf(said, columns).score, abs=1e-9)


def test_ragged_references_do_not_change_a_corpus_score() -> None:
    said = ["the cat sat on the mat today", "a dog barked at the big tree"]
    ragged = [["the cat sat on a mat today"], ["the dog barked at the tree", "a dog barks at the big tree"]]
    expected = sacrebleu.corpus_bleu(said, [[ragged[0][0], ragged[1][0]], [None, ragged[1][1]]]).score  # type: ignore[list-item]
    assert corpus_value("bleu", said, ragged) == pytest.approx(expected)
    assert corpus_value("bleu", said, ragged) > 20


def test_score_judges_all_rows_and_each_group() -> None:
    table = score("exact_match", ["Yes.", "no", "no"], [["yes"], ["yes"], ["no"]], ["b", "b", None])
    assert table.to_json() == {
        "metric": "exact_match",
        "score": pytest.approx(200 / 3),
        "count": 3,
        "groups": {"b": {"score": 50.0, "count": 2}},
    }


def test_score_reads_the_file_that_design_describes(write: Callable[[str, str], Path]) -> None:
    rows = [
        {"prediction": "a b", "references": ["a b"], "group": "g", "id": 7},
        {"prediction": "", "references": ["c"]},
    ]
    path = write("said.jsonl", "\ufeff" + "\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert score_file("f1", path).to_json() == {
        "metric": "f1",
        "score": 50.0,
        "count": 2,
        "groups": {"g": {"score": 100.0, "count": 1}},
    }


def test_all_mistakes_of_a_predictions_file_are_told_together(write: Callable[[str, str], Path]) -> None:
    lines = [
        '{"prediction": "x", "references": "y"}',
        '{"prediction": "x", "references": ["y"]}',
        '{"prediction": 3, "references": ["y"]}',
        "{nonsense",
        '{"predictions": "x", "references": ["y"]}',
        '{"prediction": "x", "references": []}',
        '{"prediction": "x", "references": ["y"], "groups": "a"}',
        "[" * 100_000,
    ]
    path = write("said.jsonl", "\n".join(lines))
    with pytest.raises(Mistakes) as told:
        score_file("accuracy", path)
    assert [line.split(":")[0].removeprefix(f"{path}, ") for line in told.value.lines] == [
        "line 1",
        "line 3",
        "line 4, column 2",
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]
    assert "rename 'predictions' to 'prediction'" in told.value.lines[3]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00"])
def test_a_file_without_predictions_is_one_mistake(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "said.jsonl"
    path.write_bytes(content)
    with pytest.raises(ScoreMistake):
        score_file("accuracy", path)


def test_an_unknown_metric_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="did you mean 'rouge_l'"):
        score_file("rougel", tmp_path / "absent.jsonl")
    with pytest.raises(UserMistake, match="no such file"):
        score_file("rouge_l", tmp_path / "absent.jsonl")


def test_judging_and_aggregating_never_import_torch() -> None:
    imports = "import sys; from unseen.evaluation import aggregate, evaluate, prediction_file, score"
    code = f"{imports}; print([name for name in ('torch', 'transformers', 'pyarrow') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
