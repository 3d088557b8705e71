"""From a prediction to the tokens of what models said, or of the choices with their scores, and of the reference."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.reporting.page_runs import HOSTILE, answers, record, write_run
from tests.studio.conftest import Studio
from unseen.evaluation.prediction import Prediction
from unseen.model.random_models import random_folder


@pytest.fixture
def model(home: Path) -> str:
    return str(random_folder("tiny-random-llama"))


@pytest.fixture
def said() -> list[Prediction]:
    """What both models said to one question, freely."""
    one = next(each for each in answers(1) if each.kind == "generate" and not each.plain)
    base = replace(
        one, model="base", text="Nothing sold.", values={"rouge_l": 12.5}, references=("It is sold.", "Sold!")
    )
    return [base, replace(base, model="tuned", text="It is sold.", values={"rouge_l": 100.0})]


@pytest.fixture
def chose() -> list[Prediction]:
    one = next(each for each in answers(1) if each.kind == "choose" and not each.plain)
    asked = {"choices": ("yes", "no way", "maybe so"), "correct": 1, "lengths": (3, 7, 9), "unconditional": ()}
    base = replace(one, model="base", chosen=0, log_probs=(-1.5, -7.0, -18.0), text="yes", **asked)
    return [base, replace(base, model="tuned", chosen=1, log_probs=(-3.0, -2.1, -9.0), text="no way")]


def page_of(studio: Studio, model: str, predictions: list[Prediction]) -> str:
    recipe = record()["recipe"] | {"model": model}
    write_run(studio.workspace.runs / "mine", predictions, recipe=recipe)
    return studio.ask("/prediction-tokens/0/mine").text


def sections(text: str) -> dict[str, str]:
    """Head -> what its boxes of tokens spell."""
    found = re.findall(r'<section class="answer-tokens"><h2>([^<]*)</h2>(.*?)</section>', text, re.DOTALL)
    return {head: unescape("".join(re.findall(r"<i data-id=[^>]*>([^<]*)</i>", inside))) for head, inside in found}


def test_what_each_model_said_stands_beside_the_references_plainly_labelled(
    studio: Studio, model: str, said: list[Prediction]
) -> None:
    text = page_of(studio, model, said)
    found = sections(text)
    assert list(found) == [
        "What base said", "What tuned said", "What counts as right 1 of 2", "What counts as right 2 of 2",
    ]  # fmt: skip
    assert found["What base said"].endswith("Nothing·sold.") and found["What tuned said"].endswith("It·is·sold.")
    assert "It·is·sold.<|end|>" in found["What counts as right 1 of 2"]
    assert "<li>ROUGE-L 12.5</li>" in text and "whether it ended by itself is not kept" in text


def test_choices_stand_with_their_scores_and_who_answered_them(
    studio: Studio, model: str, chose: list[Prediction]
) -> None:
    text = page_of(studio, model, chose)
    found = sections(text)
    assert list(found) == [f"Choice {n} of 3" for n in (1, 2, 3)]
    assert "no·way<|end|>" in found["Choice 2 of 3"] and "maybe·so" in found["Choice 3 of 3"]
    first, second, third = text.split("<h2>Choice ")[1:]
    assert "base answered this" in first and "base: −1.50 nats over 3 tokens, −0.50 a token" in first
    assert "tuned answered this" in second and "counts as right" in second and "tuned: −2.10 nats" in second
    assert "answered this" not in third and "counts as right" not in third
    assert "not the number of each" in text and chose[0].prompt in text.partition("The prompt that they follow")[2]


def test_the_tokens_of_a_choice_are_those_that_a_run_ranks(studio: Studio, model: str, chose: list[Prediction]) -> None:
    from unseen.encode.options import encode_options
    from unseen.prompt.example import Example, Segment
    from unseen.studio.answer_tokens import answers_in_tokens
    from unseen.studio.prediction_table import question_of
    from unseen.studio.tokenizers import ready

    page_of(studio, model, chose)
    here, pair = ready(studio.workspace, model), question_of(studio.workspace, "mine", 0)
    asked = (Segment("user", pair.question.prompt), Segment("assistant", "x", 1.0))
    example = Example("a", "b", "test", 0, asked, choices=pair.question.choices)
    ranked = encode_options(example, here.tokenizer, here.format("auto"), 1 << 20)[1]
    shown = answers_in_tokens(pair, here.tokenizer, here.format("auto"))
    assert [each.encoded.ids.tolist() for each in shown] == [each.tolist() for each in ranked]


def test_many_choices_are_bounded_and_the_chosen_and_the_right_one_always_shown(
    studio: Studio, model: str, chose: list[Prediction]
) -> None:
    many = tuple(f"answer {n}" for n in range(300))
    scores = tuple(-float(n) for n in range(300))
    changes: dict[str, Any] = {"choices": many, "log_probs": scores, "lengths": (2,) * 300}
    text = page_of(studio, model, [replace(each, **changes, correct=299, chosen=150) for each in chose])
    found = sections(text)
    assert len(found) == 50 and "250 more choices not shown" in text
    assert {"Choice 151 of 300", "Choice 300 of 300"} <= found.keys()


def test_an_empty_answer_and_hostile_texts_stay_text(studio: Studio, model: str, said: list[Prediction]) -> None:
    write_run(
        studio.workspace.runs / "evil",
        [replace(said[0], text="", prompt=HOSTILE * 500), replace(said[1], text=HOSTILE, prompt=HOSTILE * 500)],
        recipe=record()["recipe"] | {"model": model},
    )
    text = studio.ask("/prediction-tokens/0/evil").text
    assert "Nothing at all." in text and "<script>alert" not in text and "<img" not in text
    assert studio.ask("/prediction-tokens/9/evil").status == 422


def test_a_model_that_is_not_here_is_offered_and_nothing_is_fetched(
    studio: Studio, home: Path, said: list[Prediction], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page_of(studio, "no/such-model", said)
    assert "Get no/such-model" in text and not sections(text)


def test_a_prediction_leads_to_the_tokens_of_its_answers(
    page: Any, studio: Studio, model: str, said: list[Prediction]
) -> None:
    page_of(studio, model, said)
    page.goto(f"{studio.url}prediction/0/mine")
    page.get_by_role("link", name="Its answers as tokens").click()
    expect(page.get_by_role("heading", name="What tuned said")).to_be_visible()
    page.locator(".tokens i").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("link", name="Back to the prediction").click()
    expect(page.get_by_role("heading", name="Answers")).to_be_visible()
