"""The recipe on Start: a form and YAML that follow each other, what is wrong at its place, and saving it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from tests.studio.start_program import DEMO
from unseen.data.places import shipped_catalog, user_catalog
from unseen.studio.draft import draft_of_form, draft_of_text
from unseen.studio.jobs import Jobs
from unseen.studio.recipe_keys import recipe_keys, section_help
from unseen.studio.workspace import Workspace


def followed(studio: Studio, text: str, fields: Mapping[str, str] = {}, before: str | None = None) -> dict[str, Any]:
    form = {"text": text, "before": text if before is None else before}
    answer = studio.ask("/start/follow", form | {f"k.{key}": value for key, value in fields.items()})
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.text)
    return found


def test_every_key_and_every_section_has_help() -> None:
    assert all(key.help for key in recipe_keys().values()) and all(section_help().values())


def test_a_default_as_the_form_spells_it_is_the_default() -> None:
    fields = {path: key.default for path, key in recipe_keys().items() if not path.startswith("evaluate.hints")}
    text = "name: x\nseen: [sentiment/*]\n"
    written = draft_of_form(text, fields | {"name": "x", "seen": "sentiment/*"})
    assert written.recipe is not None and written.recipe == draft_of_text(text).recipe


@given(st.dictionaries(st.sampled_from(sorted(recipe_keys())), st.text(max_size=20), max_size=6))
def test_what_the_form_shows_of_its_own_text_changes_nothing(typed: dict[str, str]) -> None:
    """Form to text to form is a fixed point, whatever is typed."""
    draft = draft_of_form(DEMO, typed)
    again = draft_of_text(draft.text)
    assert again.values == draft.values and again.wrong == draft.wrong
    assert draft_of_form(draft.text, again.fields).text == draft.text


def test_a_change_of_the_form_is_in_the_text_and_the_comments_at_its_top_stay(studio: Studio) -> None:
    found = followed(
        studio, DEMO, {"train.rank": "32", "hold_out.near": "", "seen": "sentiment/*\n!sentiment/film_notes"}
    )
    assert found["text"].startswith("# unseen demo\n") and not found["wrong"]
    values = yaml.safe_load(found["text"])
    assert values["train"]["rank"] == 32 and "near" not in values["hold_out"]
    assert values["seen"] == ["sentiment/*", "!sentiment/film_notes"]


def test_a_change_of_the_text_is_in_the_form_beside_one_of_the_form(studio: Studio) -> None:
    """Both are changed since the page was made: neither is lost."""
    fields = draft_of_text(DEMO).fields | {"train.rank": "32"}
    found = followed(studio, DEMO.replace("seed: 0", "seed: 7"), fields, before=DEMO)
    assert (found["fields"]["seed"], found["fields"]["train.rank"]) == ("7", "32")


def test_all_mistakes_are_told_at_once_each_at_its_key_with_the_nearest_name(studio: Studio) -> None:
    found = followed(
        studio, DEMO + "sed: 1\n", {"train.rank": "many", "hold_out.level": "claster", "templates.per_task": "0"}
    )
    assert set(found["wrong"]) == {"", "train.rank", "hold_out.level", "templates.per_task"}
    assert "did you mean 'seed'" in found["wrong"][""][0]
    assert found["fields"]["train.rank"] == "many"


def test_text_that_is_no_yaml_is_told_with_its_line_and_the_form_is_left_alone(studio: Studio) -> None:
    found = followed(studio, "name: x\nseen: [a\n")
    assert found["fields"] is None and "line 2" in found["wrong"][""][0]


def test_a_pattern_without_a_task_is_told_with_the_nearest(studio: Studio) -> None:
    assert "did you mean &#x27;nli/*&#x27;" in followed(studio, DEMO, {"unseen": "nlii/*"})["facts"]


@pytest.fixture
def own_task(workspace: Workspace) -> str:
    """A task that only the user's catalog has."""
    file = user_catalog() / "angry_customers.yaml"
    file.parent.mkdir(parents=True)
    shipped = (shipped_catalog() / "film_notes.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(shipped) | {"dataset": "angry_customers", "cluster": "anger", "origin": ["angry_customers"]}
    rows = values["source"]["files"]
    values["source"] = {"files": {split: str(shipped_catalog() / path) for split, path in rows.items()}}
    file.write_text(yaml.safe_dump(values))
    assert workspace.faults() == {}
    return "anger/angry_customers"


def test_a_task_of_another_catalog_is_told_with_the_catalog_and_nothing_is_called_sound(
    studio: Studio, own_task: str
) -> None:
    facts = followed(studio, DEMO, {"unseen": "anger/*\nnlii/*"})["facts"]
    assert "anger/angry_customers is in the catalog user; add user to catalogs" in facts
    assert "did you mean" in facts and "sound" not in facts
    assert "is sound" in followed(studio, DEMO, {"unseen": "anger/*", "catalogs": "shipped\nuser"})["facts"]


def test_a_recipe_that_came_with_the_package_begins_with_the_users_tasks_too(studio: Studio, own_task: str) -> None:
    page = studio.ask("/start").text
    assert "catalogs: [shipped, user]" in page and "# Begun from demo, which comes with unseen." in page


def test_a_recipe_without_tasks_of_the_users_begins_as_it_came(studio: Studio) -> None:
    assert "catalogs: [shipped]" in studio.ask("/start").text


def test_a_task_on_both_sides_is_refused_at_once_in_the_words_of_a_run(studio: Studio, jobs: Jobs) -> None:
    text = DEMO.replace("unseen: [nli/*]", "unseen: [sentiment/film_notes]")
    said = "at level &#x27;cluster&#x27; the task sentiment/film_notes is on both sides; take it from one side"
    facts = followed(studio, text)["facts"]
    assert said in facts and "sound" not in facts
    for deed in ("run", "plan"):
        shown = studio.ask("/start", {"text": text, "before": text, "do": deed}).text
        assert shown.count(said) == 2 and "data-stream" not in shown
    assert jobs.all() == ()


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "x: !!python/object/apply:os.system [id]",
        "[" * 5000,
        "\x00",
        "- 1",
        "é" * 99,
        "a: " + "x" * 999_999,
    ],
)
def test_hostile_yaml_is_refused_in_a_line(studio: Studio, text: str) -> None:
    found = followed(studio, text)
    assert found["wrong"][""] and all("\n" not in line for line in found["wrong"][""])


def test_a_recipe_begins_around_a_dataset_of_the_users(studio: Studio) -> None:
    tuned = studio.ask("/start?dataset=sentiment/film_notes&as=seen").text
    held = studio.ask("/start?dataset=sentiment/film_notes&as=unseen").text
    assert "sentiment/film_notes is tuned on" in tuned and "sentiment/film_notes is held out" in held
    assert "The recipe is sound" in tuned and "The recipe is sound" in held
    assert "did you mean" in studio.ask("/start?dataset=sentiment/film_note").text


def test_tasks_that_come_in_turned_around_are_named_with_the_way_to_leave_them_out(studio: Studio) -> None:
    facts = followed(studio, DEMO, {"seen": "topic/question_types"})["facts"]
    assert "Tuned on, 1 dataset: " in facts and "<code>topic/question_types:turned</code>" in facts
    assert 'href="#at-templates.turned"' in facts and 'id="at-templates.turned"' in studio.ask("/start").text
    assert (
        ":turned" not in followed(studio, DEMO, {"seen": "topic/question_types", "templates.turned": "false"})["facts"]
    )


def test_a_dataset_is_chosen_by_a_part_of_its_name(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}start")
    page.get_by_label("Add a dataset to unseen").fill("topic/question_types")
    page.get_by_label("Add a dataset to unseen").press("Enter")
    expect(page.locator('[name="k.unseen"]')).to_have_value("nli/*\ntopic/question_types")
    expect(page.locator("#yaml")).to_have_value(re.compile(r"unseen: \[nli/\*, topic/question_types\]"))
    expect(page.locator("#facts")).to_contain_text("both sides")


def test_a_file_that_is_no_recipe_is_told_and_the_page_goes_on(studio: Studio, tmp_path: Path) -> None:
    for path in ("/nowhere/x.yaml", str(tmp_path)):
        answer = studio.ask(f"/start?file={path}")
        assert answer.status == 200 and 'class="note wrong"' in answer.text and 'id="recipe"' in answer.text


def test_a_recipe_is_saved_whole_never_over_another_one_unasked(studio: Studio, jobs: Jobs, tmp_path: Path) -> None:
    form = {"text": DEMO, "before": DEMO, "do": "save", "save": "mine"}
    assert "Saved: recipes/mine.yaml" in studio.ask("/start", form).text
    assert (tmp_path / "recipes" / "mine.yaml").read_text() == DEMO
    changed = DEMO.replace("seed: 0", "seed: 1")
    other = form | {"text": changed, "before": changed}
    assert "is there already" in studio.ask("/start", other).text
    assert (tmp_path / "recipes" / "mine.yaml").read_text() == DEMO
    assert "Saved" in studio.ask("/start", other | {"over": "yes"}).text
    assert (tmp_path / "recipes" / "mine.yaml").read_text() == changed
    for name in ("../out", "a/b", ".x"):
        assert "is no name" in studio.ask("/start", form | {"save": name}).text
    assert [file.name for file in (tmp_path / "recipes").iterdir()] == ["mine.yaml"]


def test_a_place_that_cannot_be_written_is_one_line(studio: Studio, jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "recipes").write_text("a file where the folder should be")
    answer = studio.ask(
        "/start", {"text": "name: a\nseen: [sentiment/*]\nunseen: [nli/*]\n", "do": "save", "save": "mine"}
    )
    assert "cannot be written" in answer.text and answer.status in (200, 422)


def test_a_wrong_recipe_is_neither_saved_nor_started(studio: Studio, jobs: Jobs, tmp_path: Path) -> None:
    for deed in ("save", "run", "plan"):
        text = studio.ask("/start", {"text": "name: x\n", "before": "name: x\n", "do": deed}).text
        assert "not right yet" in text and "name: x" in text
    assert not (tmp_path / "recipes").exists() and jobs.all() == ()
