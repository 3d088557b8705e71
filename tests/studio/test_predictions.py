"""Predictions: every question with both answers, filtered by who was right, however many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.reporting.page_runs import HOSTILE, answers, record, write_run
from tests.studio.conftest import Studio
from unseen.evaluation.prediction_file import PredictionWriter, files_of
from unseen.reporting.pairs import by_kind, pairs_of
from unseen.studio.prediction_table import KINDS, read_table


@pytest.fixture
def done(studio: Studio) -> Path:
    return write_run(studio.workspace.runs / "little", list(answers()))


def written(path: Path, predictions: list[Any], rows_a_part: int = 200) -> Path:
    with PredictionWriter(path, rows_a_part) as writer:
        for each in predictions:
            writer.write(each)
    return path


@pytest.mark.parametrize("rows_a_part", [1, 7, 200])
def test_the_table_judges_questions_as_the_report_does(tmp_path: Path, rows_a_part: int) -> None:
    predictions = list(answers())
    table = read_table(files_of(written(tmp_path / "p.parquet", predictions, rows_a_part)))
    groups: dict[Any, list[Any]] = {}
    for pair in pairs_of(predictions):
        groups.setdefault((pair.question.side, pair.question.kind), []).append(pair)
    wanted = Counter(dict.fromkeys((), 0))
    for group in groups.values():
        wanted += Counter({kind: len(pairs) for kind, pairs in by_kind(group).items()})
    assert table.counts(table.where({"plain": "False"})) == dict(wanted)


def test_a_question_has_the_answers_that_were_written(tmp_path: Path) -> None:
    predictions = list(answers(3))
    table = read_table(files_of(written(tmp_path / "p.parquet", predictions, 5)))
    chosen = table.where({"plain": "False"})
    found = {(p.question.task, p.question.template, p.question.row): p for p in table.pairs([int(c) for c in chosen])}
    wanted = {(p.question.task, p.question.template, p.question.row): p for p in pairs_of(predictions)}
    assert found == wanted


@pytest.mark.parametrize(
    ("filters", "count"),
    [({}, 96), ({"task": "nli/small"}, 24), ({"template": "ask"}, 48), ({"side": "seen"}, 24), ({"shots": "0"}, 96)],
)
def test_filters_leave_what_they_say(tmp_path: Path, filters: dict[str, str], count: int) -> None:
    table = read_table(files_of(written(tmp_path / "p.parquet", list(answers()))))
    assert len(table.where({"plain": "False", **filters})) == count


def test_answers_of_an_older_part_are_found_before_the_file_is_joined(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    writer = PredictionWriter(path, 10)
    for each in list(answers())[:40]:
        writer.write(each)
    table = read_table(files_of(path))
    assert table.predictions == 40 and not path.exists()


def test_words_are_looked_for_in_prompts_and_answers(studio: Studio, done: Path) -> None:
    found = studio.ask("/prediction-list/little?q=lanterns+7").text
    assert "talk/say" in found and "nli/small" not in found.split("<tbody>")[1]
    assert "No question passes" in studio.ask("/prediction-list/little?q=xyzzy").text


def test_one_prediction_shows_prompt_choices_and_both_answers(studio: Studio, done: Path) -> None:
    text = studio.ask("/prediction/0/little").text
    for said in ("Marigold sold the tandem", "entailed by it", "−1.25", "base, log-probability", "tuned, log-prob"):
        assert said in text
    for number in ("100000", "9" * 5000, "first"):
        assert studio.ask(f"/prediction/{number}/little").status == 422


def test_html_and_huge_prompts_stay_text_of_bounded_length(studio: Studio) -> None:
    long = replace(next(answers(1, prompt=HOSTILE)), prompt=HOSTILE + "word " * 200_000)
    write_run(studio.workspace.runs / "evil", [long, replace(long, model="tuned")])
    shown, one = studio.ask("/prediction-list/evil").text, studio.ask("/prediction/0/evil").text
    assert "<script>alert" not in shown + one and "<img" not in shown + one
    assert len(one) < 250_000 and "more characters are not shown" in one and len(shown) < 20_000


def test_a_run_without_predictions_says_so(studio: Studio, done: Path) -> None:
    (done / "predictions.parquet").write_bytes(b"PAR1 nothing")
    answer = studio.ask("/prediction-list/little")
    assert answer.status == 422 and "holds no predictions" in answer.text and studio.ask("/runs").status == 200


def test_kinds_are_those_of_the_report() -> None:
    from unseen.reporting import pairs

    assert set(KINDS) == set(pairs.KINDS)


def test_broken_answers_are_two_steps_away(page: Any, studio: Studio, done: Path) -> None:
    page.goto(f"{studio.url}predictions/little")
    page.get_by_label("Who was right").select_option("broken by tuning")
    expect(page.locator(".kinds .now")).to_contain_text("broken by tuning")
    expect(page.locator("tbody tr").first).to_contain_text("broken by tuning")
    page.locator("tbody a").first.click()
    expect(page.locator(".facts")).to_contain_text("broken by tuning")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Predictions of little")
    expect(page.locator(".kinds .now")).to_contain_text("broken by tuning")
    page.locator("tbody a").first.click()
    expect(page.locator(".facts")).to_contain_text("broken by tuning")
    page.wait_for_load_state()  # the keys' script comes last
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("heading", name="Prompt")).to_be_visible()


def test_the_list_is_paged_by_keyboard(page: Any, studio: Studio, done: Path) -> None:
    page.goto(f"{studio.url}predictions/little")
    expect(page.locator(".paging").last).to_contain_text("1 to 20 of 96")
    page.keyboard.press("n")
    expect(page.locator(".paging").last).to_contain_text("21 to 40 of 96")


def test_a_number_beside_an_answer_says_what_it_is(studio: Studio, done: Path) -> None:
    """Scores are told by their metric, and log-probabilities as what they are and how the run ranked by them."""
    listed = studio.ask("/prediction-list/little").text
    assert "from 0 to 100" in listed and "no probability" in listed and "record in the file" in listed
    assert "✓ right</small>" in listed and "✗ wrong</small>" in listed and 'title="accuracy 100.0, from 0' in listed
    assert "ROUGE-L 12.5" in studio.ask("/prediction-list/little?task=talk/say").text
    one = studio.ask("/prediction/0/little").text
    assert "test[0], record 0 of its file, counted from 0" in one
    assert "log-probability, summed over its tokens, in nats. The largest is chosen." in one


@pytest.mark.parametrize(
    ("scoring", "said"), [("tokens", "largest mean a token"), ("unconditional", "gains most over")]
)
def test_how_choices_were_ranked_is_told_as_the_record_has_it(studio: Studio, scoring: str, said: str) -> None:
    recipe = record()["recipe"]
    recipe["evaluate"]["scoring"] = scoring
    write_run(studio.workspace.runs / "little", list(answers(2)), recipe=recipe)
    assert said in studio.ask("/prediction/0/little").text
