"""The metrics against hand-judged rows, published scorers, and sacrebleu's public functions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.errors import Mistakes, ScoreMistake, UserMistake
from unseen.evaluation.blocks import block_of_texts
from unseen.evaluation.metrics import row_value
from unseen.evaluation.score import score, score_file

TEXT = st.text(st.sampled_from(list("ab cdThean.,!'é\u00a0\n")), max_size=20)


def corpus_value(metric: str, said: list[str], wanted: list[list[str]]) -> float:
    return float(block_of_texts(metric, said, wanted).totals[0])


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
    said = table.to_json()
    assert list(said) == ["metric", "score", "count", "low", "high", "detectable", "groups"]
    assert (said["metric"], said["score"], said["count"]) == ("exact_match", pytest.approx(200 / 3), 3)
    assert list(said["groups"]) == ["b"]
    assert (said["groups"]["b"]["score"], said["groups"]["b"]["count"]) == (50.0, 2)


@pytest.mark.parametrize("metric", ["accuracy", "exact_match", "f1", "rouge_l", "bleu", "chrf"])
def test_every_score_stands_within_its_interval_and_more_rows_narrow_it(metric: str) -> None:
    said = ["the cat sat on the mat today", "a dog barked at the tree", "nobody knows why"] * 6
    wanted = [["the cat sat on the mat today"], ["the dog barked at a tree"], ["everybody knows"]] * 6
    groups = ["small"] * 6 + ["large"] * 12
    small, large = (score(metric, said, wanted, groups).groups[name] for name in ("small", "large"))
    for found in (small, large):
        assert found.low is not None and found.high is not None and found.detectable is not None
        assert 0 <= found.low <= found.score <= found.high <= 100
        assert found.detectable > (found.high - found.low) / 2
    assert small.score == pytest.approx(large.score)
    assert small.high - small.low > large.high - large.low  # type: ignore[operator]


def test_the_interval_of_right_and_wrong_answers_is_wilsons() -> None:
    """Wilson 1927: 8 of 10 right is 49.0 to 94.3."""
    found = score("accuracy", ["yes"] * 10, [["yes"]] * 8 + [["no"]] * 2).whole
    assert (found.low, found.high) == (pytest.approx(49.016, abs=1e-3), pytest.approx(94.331, abs=1e-3))
    assert score("bleu", ["x y z"] * 4, [["a b c"]] * 4).whole.low is None  # the same in every resample


def test_rows_beyond_ten_thousand_are_resampled_in_bundles_that_vary_as_much() -> None:
    random = np.random.default_rng(5)
    said = ["a b c d"] * 12_000
    wanted = [[" ".join(random.choice(list("abcdefgh"), 4))] for _ in said]
    found = score("f1", said, wanted).whole
    values = np.array([row_value("f1", *row) for row in zip(said, wanted, strict=True)])
    error = values.std() / len(values) ** 0.5
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_score_reads_the_file_that_design_describes(write: Callable[[str, str], Path]) -> None:
    rows = [
        {"prediction": "a b", "references": ["a b"], "group": "g", "id": 7},
        {"prediction": "", "references": ["c"]},
    ]
    path = write("said.jsonl", "\ufeff" + "\n".join(json.dumps(row) for row in rows) + "\n\n")
    table = score_file("f1", path)
    assert (table.metric, table.score, table.count) == ("f1", 50.0, 2)
    assert {name: (group.score, group.count) for name, group in table.groups.items()} == {"g": (100.0, 1)}


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
