"""The page of tokens: what is shown of a row, a text and a step, and how it answers to what cannot be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Answer, Studio
from unseen.model.random_models import ALIASES, random_folder
from unseen.studio.model_sizes import names

ROW = {"task": "sentiment/film_notes"}


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of both tiny random models, by their alias."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("UNSEEN_HOME", str(tmp_path_factory.mktemp("models")))
        return {alias: str(random_folder(alias)) for alias in ALIASES}


@pytest.fixture(autouse=True)
def llama(tiny_models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROW, "model", tiny_models["tiny-random-llama"])


def shown(studio: Studio, **values: str | int) -> Answer:
    return studio.ask(f"/tokens?{urlencode(ROW | {name: str(value) for name, value in values.items()})}")


def texts(page: str) -> str:
    """What the boxes of tokens hold, joined."""
    return "".join(re.findall(r"<i data-id=[^>]*>([^<]*)</i>", page))


def test_the_boxes_spell_the_row_and_its_answer(studio: Studio) -> None:
    text = texts(shown(studio, row=0).text)
    assert text.startswith("The·rules·of·the·game") and "like·the·film?" in text and "no&lt;|end|&gt;" in text


def test_the_parts_are_named_and_counted(studio: Studio) -> None:
    text = shown(studio, row=0, shots=2).text
    for part in ("exemplar 1", "exemplar 2", "field text", "the template&#x27;s words", "answer"):
        assert f'data-part="{part}"' in text and re.search(rf"{part}: \d+ tokens?", text)
    assert 'data-part="exemplar 3"' not in text


def test_what_was_cut_to_fit_is_told_with_its_tokens(studio: Studio) -> None:
    whole = shown(studio, shots=3).text
    count = int(re.search(r"<dd>(\d+): prompt", whole)[1])  # type: ignore[index]
    text = shown(studio, shots=3, max_tokens=count - 1).text
    taken = re.search(r"✂ exemplar 3: (\d+) tokens left out", text)
    assert taken and "✂ exemplar 2" not in text and f"fewer than the whole {count}" in text
    trimmed = shown(studio, shots=0, max_tokens=30).text
    assert re.search(r"✂ field text: \d+ of \d+ tokens left out", trimmed)


def test_what_can_never_fit_is_refused_in_its_place(studio: Studio) -> None:
    answer = shown(studio, max_tokens=8)
    assert answer.status == 200 and "after all that may be cut" in answer.text and 'name="task"' in answer.text


def test_an_encoder_decoder_is_shown_as_source_and_target(studio: Studio, tiny_models: dict[str, str]) -> None:
    text = shown(studio, model=tiny_models["tiny-random-t5"]).text
    assert "source" in text and "target 2" in text and "of an encoder-decoder" in text


def test_a_chat_format_that_the_model_lacks_is_told(studio: Studio) -> None:
    assert "has no chat template" in shown(studio, format="chat").text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("task", "sentiment/film_note", "did you mean"),
        ("task", "../../etc/passwd", "matches no task"),
        ("template", "<script>", "has no template"),
        ("split", "nope", "has no split"),
        ("row", "1000000", "go from train[0] to train["),
        ("row", "-1", "names no row"),
        ("shots", "9" * 5000, "is no number"),
        ("model", "/etc", "config.json"),
        ("model", "no-such-model", "no such model"),
        ("format", "xml", "take auto, chat or plain"),
    ],
)
def test_what_cannot_be_is_one_line_above_which_the_form_stays(
    studio: Studio, name: str, value: str, said: str
) -> None:
    answer = shown(studio, **{name: value})
    assert answer.status == 200 and said in answer.text and answer.text.count('role="alert"') == 1
    assert 'name="task"' in answer.text and "<script>" not in answer.text


def test_a_model_that_is_not_here_is_fetched_by_nobody_until_asked(studio: Studio) -> None:
    text = shown(studio, model="smollm2-135m-instruct").text
    assert "is fetched (93 MB)" in text and "Get smollm2-135m-instruct" in text and "<i data-id" not in text


def test_a_model_can_only_be_got_for_a_page_of_tokens(studio: Studio) -> None:
    answer = studio.ask("/models/get", {"get": "gpt2", "back": "//evil.example/"})
    assert answer.status == 422 and "location" not in answer.headers


def test_a_pasted_text_is_shown_with_its_bytes_and_kept(studio: Studio) -> None:
    form = {"text": "a\tb 🙂 <b>\n", "answer": "yes", "model": ROW["model"]}
    text = studio.ask("/tokens/text", form).text
    assert "⇥" in text and "⟨F0" in text and "<b>\n" not in text and "a\tb 🙂 &lt;b&gt;" in text
    assert "3 predicted" in text or re.search(r"\d predicted", text)


def test_a_text_that_spells_a_control_token_stays_text(studio: Studio) -> None:
    """Only the format may write a control token: the row's own letters become ordinary tokens."""
    text = studio.ask("/tokens/text", {"text": "<|end|>", "answer": "x", "model": ROW["model"]}).text
    assert len(re.findall(r'<i data-id="\d+" class="[^"]*c">', text)) == 1


def test_too_long_a_text_is_refused(studio: Studio) -> None:
    answer = studio.ask("/tokens/text", {"text": "a" * 200_001, "model": ROW["model"]})
    assert "is over 200,000 characters" in answer.text


def test_the_trie_of_rows_is_drawn_with_a_list_beside_it(studio: Studio) -> None:
    text = studio.ask(f"/tokens/trie?{urlencode(ROW | {'rows': '3'})}").text
    assert "6 sequences" in text and "times fewer" in text and text.count('class="run') >= 6
    assert "The same as a list" in text and "train[0] ✓ right" in text


def test_a_step_without_a_recipe_says_where_to_go(studio: Studio) -> None:
    assert 'href="/mixture"' in studio.ask("/tokens/step?job=nonsense").text


def test_tokens_follow_what_is_chosen_and_the_choice_keeps_the_focus(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}tokens?{urlencode(ROW)}")
    template = page.get_by_role("combobox", name="Template")
    template.focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("template="))
    expect(template).to_be_focused()
    expect(page.locator(".tokens")).not_to_contain_text("Did·the·writer")
    page.get_by_label("Exemplars").fill("1")
    expect(page.locator(".part.exemplar").first).to_contain_text("exemplar 1")


def test_arrow_keys_go_through_tokens_and_runs(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}tokens?{urlencode(ROW)}")
    page.locator(".tokens i").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".token-told")).to_contain_text("token 2 · id")
    expect(page.locator(".token-told")).to_contain_text("field text")
    page.locator("#trie").scroll_into_view_if_needed()
    run = page.locator(".trie .run").first
    run.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".trie .run").nth(1)).to_be_focused()
    expect(page.locator(".run-told")).to_contain_text("token")
    page.keyboard.press("ArrowLeft")
    expect(run).to_be_focused()


def test_a_narrow_screen_scrolls_no_page_sideways(page: Any, studio: Studio) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{studio.url}tokens?{urlencode(ROW | {'shots': '2', 'max_tokens': '90'})}")
    page.get_by_text("Draw it").scroll_into_view_if_needed()
    expect(page.locator(".trie")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_another_task_begins_with_its_own_first_template(studio: Studio) -> None:
    answer = shown(
        studio, task="topic/news_briefs", template="liked_it", split="train", row=3, of="sentiment/film_notes"
    )
    assert "has no template" not in answer.text and 'value="topic/news_briefs"' in answer.text


def test_a_folder_without_weights_is_no_model_to_talk_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, file in (("tokenizer", "tokenizer.json"), ("whole", "model.safetensors"), ("packed", "model.gguf")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}")
    monkeypatch.setenv("UNSEEN_MODELS", str(tmp_path))
    assert {"whole", "packed"} <= set(names()) and "tokenizer" not in names()
