"""What names nothing, in an address, a form or a folder, is one line of the user's mistake and no fault of ours."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.reporting.page_runs import answers, write_run
from tests.studio.conftest import Answer, Studio
from tests.studio.test_templates import TYPED
from tests.study.made_studies import Made, write_study
from unseen.model.random_models import random_folder

LONG = "a" * 300
NAMES = ("\0", "~nobody-of-this-name/a", f"/{LONG}", "a/" * 3000, "\ud800")
DEEP = "[" * 200_000
PLACES = {
    "/new": ("path", ".csv"),
    "/mixture": ("recipe", ".yaml"),
    "/start": ("file", ".yaml"),
    "/diversity": ("file", ".yaml"),
    "/tokens": ("model", ""),
    "/tokens/text": ("model", ""),
}


def is_told(answer: Answer) -> bool:
    """Whether a page says what is wrong, as the user's mistake."""
    return answer.status in (200, 422) and 'class="note wrong' in answer.text


@pytest.mark.parametrize("name", NAMES, ids=("NUL", "nobody", "long", "deep", "surrogate"))
@pytest.mark.parametrize("page", PLACES)
def test_a_path_that_can_be_none_is_one_line(studio: Studio, page: str, name: str) -> None:
    field, ending = PLACES[page]
    asked = {field: name + ending, "text": "some words", "task": "sentiment/film_notes"}
    answer = studio.ask(f"{page}?{urlencode(asked, errors='surrogatepass')}")
    assert is_told(answer)


@pytest.mark.parametrize("name", ["~nobody-of-this-name/a", LONG, "\0"])
def test_a_model_that_can_be_none_is_told_before_it_is_asked(studio: Studio, name: str) -> None:
    assert studio.ask(f"/ask?{urlencode({'left': name})}").status == 200
    answer = studio.ask("/ask", {"left": name, "text": "Hello", "do": "stop"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "path", [f"/runs/{LONG}", f"/run-report/{LONG}", f"/predictions/{LONG}", "/study-report/one", "/runs/a%00b"]
)
def test_a_folder_that_is_none_is_one_line(studio: Studio, path: str) -> None:
    write_run(studio.workspace.runs / "one", list(answers(1)))
    answer = studio.ask(path)
    assert answer.status == 422 and is_told(answer)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/templates?from=" + "9" * 5000, "templates."),
        ("/ask?task=sentiment/film_notes&template=0000019999", "has no template"),
        ("/tokens?task=sentiment/film_notes&model=tiny-random-llama&shots=" + "0" * 20 + "9", "is no number from"),
        ("/tokens?task=sentiment/film_notes&model=tiny-random-llama&shots=²", "is no number from"),
    ],
)
def test_a_number_keeps_its_bounds_however_it_is_written(studio: Studio, path: str, told: str) -> None:
    random_folder("tiny-random-llama")
    answer = studio.ask(path.replace("²", "%C2%B2"))
    assert answer.status == 200 and told in answer.text


def test_a_damaged_folder_hides_no_other_however_deep_it_is(studio: Studio) -> None:
    runs = studio.workspace.runs
    write_run(runs / "one", list(answers(1)))
    (runs / "deep").mkdir()
    (runs / "deep" / "record.json").write_text(DEEP)
    for path in ("/runs", "/mixture", "/start", "/diversity", "/ask"):
        assert studio.ask(path).status == 200
    listed = studio.ask("/runs").text
    assert 'href="/runs/one"' in listed and "cannot be understood (RecursionError" in listed
    answer = studio.ask("/runs/deep")
    assert answer.status == 422 and "nested too deeply" in answer.text


@pytest.mark.parametrize("arms", [[1], ["x"], [{}], "x"])
def test_a_damaged_study_is_one_line(studio: Studio, arms: object) -> None:
    file = write_study(studio.workspace.runs / "study", Made({"none": 0.0}, rows=4, seeds=(0,))) / "study.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "arms": arms}))
    for page in ("runs", "study-report"):
        answer = studio.ask(f"/{page}/study")
        assert answer.status == 422 and is_told(answer) and "study.json" in answer.text
    assert studio.ask("/runs").status == 200


@pytest.mark.parametrize("choices", [DEEP[:100_000], '["\\ud800", "yes"]'])
def test_answer_choices_that_are_no_list_are_text(studio: Studio, choices: str) -> None:
    answer = studio.ask("/templates", {**TYPED, "answer_choices": choices})
    assert answer.status == 200


def test_what_no_file_can_hold_is_saved_as_it_was_typed(studio: Studio, home: Path) -> None:
    """An escape of half of a surrogate pair is its six letters: read as one, it would make the catalog unreadable."""
    halves = {"answer_choices": '["\\ud800", "yes"]', "separator": "\\ud800"}
    assert studio.ask("/templates/save", {**TYPED, **halves}).status == 303
    assert r"\ud800" in (home / "catalog" / "film_notes_templates.yaml").read_text().replace("\\\\", "\\")
    assert "mine" in studio.ask("/templates?task=sentiment/film_notes").text


@pytest.mark.parametrize("file", ["~nobody-of-this-name/a.yaml", LONG, "\\0"])
def test_a_recipe_whose_wordings_can_be_no_file_is_shown_with_what_is_wrong(studio: Studio, file: str) -> None:
    said = f'name: a\nseen: [sentiment/*]\nunseen: [nli/*]\ndiversity: {{wordings: "{file}"}}'
    for recipe in ("", "recipes/mine.yaml", "\0.yaml"):
        assert studio.ask("/mixture?" + urlencode({"text": said, "recipe": recipe})).status == 200
    assert studio.ask("/start/follow", {"text": said, "before": "", "page": "one"}).status == 200


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('name: "\\ud800"', "line 1: holds half of a surrogate pair"),
        ("name: a\nseen: [nli/*]\ncatalogs: ['~nobody-of-this-name/c']", "is no catalog and no folder"),
        (f"name: a\nseen: [nli/*]\ncatalogs: ['{LONG}']", "can be no path"),
        ('name: a\nseen: [nli/*]\ncatalogs: ["\\0"]', "can be no path"),
    ],
)
def test_a_recipe_that_names_nothing_is_told_while_it_is_typed(studio: Studio, said: str, told: str) -> None:
    answer = studio.ask("/start/follow", {"text": said, "before": "", "page": "one"})
    found = json.loads(answer.text)
    assert answer.status == 200 and told in json.dumps(found["wrong"]) + found["facts"].replace("&#x27;", "'")
    assert studio.ask("/mixture?" + urlencode({"text": said, "recipe": ""})).status == 200


def test_a_full_disk_is_told_where_a_file_is_dropped(studio: Studio, home: Path) -> None:
    """Where the cache cannot be written, as on a full disk."""
    (home / "cache").parent.mkdir(parents=True, exist_ok=True)
    (home / "cache").write_text("a file stands where a folder should")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntext\nhello\n\r\n--x--\r\n'
    sent = {"Cookie": f"unseen_studio_{studio.port}=a-token-for-tests-only", "Origin": studio.url[:-1]}
    answer = studio.raw("POST", "/new/file", body, sent | {"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 422 and "cannot be written" in answer.text
