"""Templates: seen on rows, written with their mistakes at their lines, saved, stepped back, compared."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from unseen.studio.drafts import entry_of, entry_of_template, fields_of, lines_of, said_by
from unseen.task.catalog import load_catalog

FILM = "sentiment/film_notes"
TYPED = {
    "task": FILM,
    "template": "liked_it",
    "name": "mine",
    "prompt": "{{ text }}\nA good film?",
    "completion": "{{ answer_choices[label] }}",
    "answer_choices": "no\r\nyes",
    "original_task": "on",
}


def page_of(task: str, **more: str) -> str:
    return "/templates?" + urlencode({"task": task, **more})


def checked(studio: Studio, shown: str) -> str:
    """What the check that a page began said in the end."""
    found = re.search(r'data-stream="(/templates/checked/\w+)"', shown)
    assert found
    return studio.ask(found[1]).text.split("event: part")[-1]


def extension(home: Path) -> dict[str, Any]:
    held: dict[str, Any] = yaml.safe_load((home / "catalog" / "film_notes_templates.yaml").read_text())
    return held


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(st.one_of(st.none(), TEXT, st.lists(TEXT, min_size=1, max_size=4).map(tuple)))
def test_choices_survive_the_form(said: Any) -> None:
    assert said_by(lines_of(said)) == said


def test_every_shipped_template_survives_the_form() -> None:
    for task in load_catalog(["shipped"]).tasks.values():
        for way in task.templates:
            if task.dataset.kind == "rows" and hasattr(way, "prompt"):
                described = {key: list(v) if isinstance(v, tuple) else v for key, v in entry_of_template(way).items()}
                assert entry_of(fields_of(way)) == described


def test_every_word_of_a_search_must_be_met_by_task_name_or_text(studio: Studio) -> None:
    found = studio.ask("/templates?q=film+thumbs+down").text
    assert "1 of " in found and "template=thumbs" in found
    assert "Nothing matches" in studio.ask("/templates?q=xyzzy").text


def test_a_row_stands_beside_what_the_template_makes_of_it(studio: Studio) -> None:
    text = studio.ask(page_of(FILM, template="verdict_first", row="3")).text
    assert "Row train[3]" in text and 'title="text of film"' in text and "answer choices, chosen by label" in text
    assert re.search(r"<bdi>(un)?favourable</bdi><b> ✓ right", text)


def test_rows_are_walked_and_the_last_one_is_the_end(studio: Studio) -> None:
    assert "Row train[4]" in studio.ask(page_of(FILM, row="3", move="later")).text
    assert "Row train[0]" in studio.ask(page_of(FILM, row="0", move="earlier")).text
    assert "Row test[79]" in studio.ask(page_of(FILM, row="79", move="later", split="test")).text
    assert "go from test[0] to test[79]" in studio.ask(page_of(FILM, row="99999999", split="test")).text
    assert studio.ask(page_of(FILM, rows="3")).text.count('class="card pair"') == 3


def test_a_row_far_down_a_long_file_is_waited_for_beside_the_page(studio: Studio, home: Path) -> None:
    folder = home / "catalog"
    folder.mkdir(parents=True)
    lines = (json.dumps({"text": f"row number {n}"}) for n in range(30_000))
    (folder / "rows.jsonl").write_text("\n".join(lines))
    text = "dataset: long\ncluster: test\nsource: {files: {train: rows.jsonl}}\ntemplates:\n"
    (folder / "long.yaml").write_text(text + '  - {name: ask, prompt: "{{ text }}", completion: x}\n')
    assert "row number 9000<" in studio.ask(page_of("test/long", row="9000")).text
    events = studio.ask("/templates/opened?task=test/long&split=train").text
    assert "The file is read." in events and events.endswith("event: end\ndata: \n\n")
    assert "row number 29999<" in studio.ask(page_of("test/long", row="29999")).text


def test_html_in_what_is_typed_stays_text(studio: Studio) -> None:
    text = studio.ask("/templates", {**TYPED, "prompt": "<script>alert(1)</script></textarea><img>{{ text }}"}).text
    assert "<script>alert" not in text and "<img" not in text and "&lt;/textarea&gt;" in text


@pytest.mark.parametrize(
    ("field", "text", "line", "told"),
    [
        ("prompt", "one\ntwo\n{% if %}x{% endif %}", 3, "Expected an expression"),
        ("prompt", "{{ text }}\n{{ txt }}", 2, "did you mean 'text'"),
        ("completion", "{{ text | nofilter }}", 1, "nofilter"),
        ("answer_choices", "no\nyes {{ }", 2, ""),
        ("prompt", "a\n{% include 'x' %}", 2, "include"),
    ],
)
def test_a_mistake_stands_at_its_field_and_line(studio: Studio, field: str, text: str, line: int, told: str) -> None:
    answer = studio.ask("/templates", {**TYPED, field: text})
    assert answer.status == 200 and f'data-at="{field}" data-line="{line}"' in answer.text
    assert told in answer.text.replace("&#x27;", "'") and "Row train[0]" in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999999) %}{% for b in range(99999999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ text.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    ],
)
def test_hostile_templates_are_refused_in_one_line_and_the_page_goes_on(studio: Studio, text: str) -> None:
    answer = studio.ask("/templates", {**TYPED, "prompt": text})
    assert answer.status == 200 and 'class="note wrong' in answer.text and "uid=" not in answer.text
    assert "Row train[0]" in studio.ask(page_of(FILM)).text


def test_the_check_reads_all_rows_and_counts_what_is_wrong(studio: Studio) -> None:
    assert "No mistakes in 240 rows" in checked(studio, studio.ask("/templates", TYPED).text)
    shown = studio.ask("/templates", {**TYPED, "completion": "{{ answer_choices[label + 1] }}"}).text
    told = checked(studio, shown)
    assert "2 mistakes in 240 rows" in told and "test: label 2" in told and "of 80 rows" in told


def test_a_template_of_a_shipped_dataset_is_saved_beside_it(studio: Studio, home: Path) -> None:
    answer = studio.ask("/templates/save", {**TYPED, "reviewer": "Ada"})
    assert answer.status == 303 and "template=mine" in answer.headers["location"]
    held = extension(home)
    assert held["extends"] == FILM and held["templates"][0]["prompt"] == "{{ text }}\nA good film?"
    assert held["templates"][0]["answer_choices"] == ["no", "yes"] and held["templates"][0]["reviewed"]["by"] == "Ada"
    task = load_catalog(["shipped", "user"]).task(FILM)
    assert task.templates[-1].name == "mine" and "mine" in studio.ask(page_of(FILM)).text


def test_a_template_of_the_user_is_renamed_in_its_place(studio: Studio, home: Path) -> None:
    studio.ask("/templates/save", TYPED)
    studio.ask("/templates/save", {**TYPED, "name": "second"})
    studio.ask("/templates/save", {**TYPED, "template": "mine", "name": "renamed", "prompt": "{{ text }} x"})
    assert [each["name"] for each in extension(home)["templates"]] == ["renamed", "second"]


def test_a_copy_gets_a_free_name(studio: Studio, home: Path) -> None:
    studio.ask("/templates/save", TYPED)
    studio.ask("/templates/save", {**TYPED, "template": "mine", "how": "copy"})
    assert [each["name"] for each in extension(home)["templates"]] == ["mine", "mine_2"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "thumbs"}, "save it as 'thumbs_2'"),
        ({"name": " "}, "give the template a name"),
        ({"prompt": ""}, "prompt: must not be empty"),
        ({"completion": ""}, "has no completion"),
        ({"prompt": "{% if %}"}, "line 1 of prompt"),
    ],
)
def test_what_cannot_be_saved_is_told_and_what_was_typed_is_kept(
    studio: Studio, home: Path, changed: dict[str, str], told: str
) -> None:
    answer = studio.ask("/templates/save", {**TYPED, "references": "kept words", **changed})
    assert answer.status == 422 and told in answer.text.replace("&#x27;", "'") and "kept words" in answer.text
    assert not (home / "catalog").exists()


def test_steps_are_undone_and_redone_and_a_deletion_too(studio: Studio, home: Path) -> None:
    file = home / "catalog" / "film_notes_templates.yaml"
    studio.ask("/templates/save", TYPED)
    assert "Undo: template &#x27;mine&#x27;" in studio.ask(page_of(FILM)).text
    studio.ask("/templates/delete", {"task": FILM, "template": "mine"})
    assert not file.exists()
    studio.ask("/templates/undo", {"task": FILM})
    assert "mine" in file.read_text()
    studio.ask("/templates/undo", {"task": FILM})
    assert not file.exists() and "liked_it" in studio.ask(page_of(FILM)).text
    studio.ask("/templates/redo", {"task": FILM})
    assert "mine" in file.read_text()


@pytest.mark.parametrize("path", ["save", "delete", "compare", "undo", "redo"])
def test_a_form_without_its_values_is_told_so(studio: Studio, path: str) -> None:
    answer = studio.ask(f"/templates/{path}", {})
    assert answer.status == 422 and 'class="note wrong"' in answer.text


def test_a_shipped_template_is_never_deleted(studio: Studio) -> None:
    answer = studio.ask("/templates/delete", {"task": FILM, "template": "liked_it"})
    assert answer.status == 422 and "is not in your catalog" in answer.text


def test_a_file_of_the_users_own_keeps_its_comments(studio: Studio, home: Path) -> None:
    folder = home / "catalog"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text(json.dumps({"text": "a b"}) + "\n")
    text = "# mine\ndataset: own  # a name\ncluster: test\nsource: {files: {train: rows.jsonl}}\ntemplates:\n"
    text += '  # the first\n  - {name: ask, prompt: "{{ text }}", completion: x}\n'
    (folder / "own.yaml").write_text(text)
    form = {"task": "test/own", "template": "new", "name": "two", "prompt": "{{ text }}?", "completion": "y"}
    assert studio.ask("/templates/save", {**form, "original_task": "on"}).status == 303
    assert (folder / "own.yaml").read_text().startswith(text) and "name: two" in (folder / "own.yaml").read_text()


def test_two_templates_are_compared_over_the_same_rows(studio: Studio) -> None:
    text = studio.ask(
        "/templates/compare?" + urlencode({"task": FILM, "a": "liked_it", "b": "thumbs", "rows": "3"})
    ).text
    assert text.count("Row train[2]") and 'class="differs" title="differs">Thumbs' in text and "characters" in text
    drafted = studio.ask("/templates/compare", TYPED).text
    assert "your draft" in drafted and "A good film?" in re.sub("<[^>]+>", "", drafted)


def test_what_is_typed_is_rendered_and_kept_as_a_draft(page: Any, studio: Studio) -> None:
    page.goto(studio.url + page_of(FILM)[1:])
    page.get_by_label("Prompt", exact=False).first.fill("Note: {{ text }}")
    expect(page.locator("#shown")).to_contain_text("Note: ")
    expect(page.locator("#shown")).to_contain_text("No mistakes in 240 rows")
    page.goto(studio.url)
    page.goto(studio.url + page_of(FILM)[1:])
    expect(page.locator("#draft")).to_contain_text("not saved")
    expect(page.locator("#field-prompt")).to_have_value("Note: {{ text }}")
    page.get_by_role("button", name="Throw it away").click()
    expect(page.locator("#field-prompt")).not_to_have_value("Note: {{ text }}")


def test_a_mistake_goes_to_its_field_and_leaves_when_it_is_mended(page: Any, studio: Studio) -> None:
    page.goto(studio.url + page_of(FILM)[1:])
    page.locator("#field-prompt").fill("{{ text }}\n{{ txt }}")
    expect(page.locator("#at-prompt")).to_contain_text("prompt, line 2")
    expect(page.locator("#at-prompt .meant")).to_contain_text("{{ txt }}")
    page.locator("#field-prompt").fill("{{ text }}\n{{ film }}")
    expect(page.locator("#at-prompt")).to_be_empty()


def test_saving_by_keyboard_walking_rows_and_undoing(page: Any, studio: Studio, home: Path) -> None:
    page.goto(studio.url + page_of(FILM)[1:])
    page.keyboard.press("k")
    expect(page.locator("#shown")).to_contain_text("Row train[1]")
    expect(page.locator("#row")).to_have_value("1")
    page.locator("#field-prompt").fill("{{ text }} Well?")
    page.keyboard.press("Control+s")
    expect(page.locator(".note.good")).to_contain_text("film_notes_templates.yaml")
    page.locator("#field-prompt").press_sequentially("!")
    expect(page.locator(".note.good")).to_have_count(0)  # what is typed now is not saved
    expect(page.locator("#draft")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".note.good")).to_contain_text("Undone")
    assert not (home / "catalog" / "film_notes_templates.yaml").exists()


def test_what_is_typed_before_the_script_is_there_is_no_less_typed(page: Any, studio: Studio, home: Path) -> None:
    """What was saved is not what stands there now, which is kept as a draft."""
    page.goto(studio.url + page_of(FILM)[1:])
    page.locator("#field-prompt").fill("{{ text }} Well?")
    held: list[Any] = []
    page.route("**/*.js*", lambda script: held.append(script))
    page.locator("#save").click(no_wait_after=True)
    expect(page.locator(".note.good")).to_contain_text("film_notes_templates.yaml")
    page.locator("#field-prompt").fill("{{ text }} Well?!")
    assert held and page.locator(".note.good").count() == 1
    page.unroute("**/*.js*")  # lets those go that were held
    expect(page.locator(".note.good")).to_have_count(0)
    expect(page.locator("#draft")).to_have_count(0)
    assert "{{ text }} Well?!" in page.evaluate("Object.values(localStorage).join()")


def test_narrow_screens_do_not_scroll_sideways(page: Any, studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a_column_with_a_long_name,label\n" + "words and words,x\nother words,y\n" * 9)
    new = f"/new?path={tmp_path}/a.csv"
    page.set_viewport_size({"width": 360, "height": 700})
    for path in (page_of(FILM, rows="3"), "/templates", "/new", new, f"/templates/compare?task={FILM}"):
        page.goto(studio.url + path[1:])
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_rows_that_are_instructions_are_shown_and_not_written_for(studio: Studio, home: Path) -> None:
    folder = home / "catalog"
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text(json.dumps({"prompt": "Say hello.", "completion": "Hello!"}) + "\n")
    text = "dataset: said\ncluster: test\nkind: prompt_completion\nsource: {files: {train: rows.jsonl}}\n"
    (folder / "said.yaml").write_text(text)
    shown = studio.ask(page_of("test/said")).text
    assert "instructions already" in shown and "Say hello." in shown and "textarea" not in shown
    assert studio.ask("/templates/save", {**TYPED, "task": "test/said"}).status == 422
    assert (folder / "said.yaml").read_text() == text
