"""Starting a run: a form and YAML that follow each other, what the recipe would do, and the run that it becomes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from tests.studio.job_states import has_ended, until
from unseen.data.places import shipped_catalog, user_catalog
from unseen.studio import events
from unseen.studio.draft import draft_of_form, draft_of_text
from unseen.studio.jobs import Jobs
from unseen.studio.pages import planned
from unseen.studio.plans import Planned, Plans
from unseen.studio.recipe_keys import recipe_keys, section_help
from unseen.studio.workspace import Workspace

DEMO = (shipped_catalog() / "recipes" / "demo.yaml").read_text(encoding="utf-8")
PLAN: dict[str, Any] = {
    "name": "demo", "folder": "demo-12345678", "seen": ["a/b"], "unseen": ["nli/c"], "lists": {}, "other_languages": [],
    "hold_out": {"level": "cluster", "excluded": None, "counts": []},
    "examples": {"examples": 320, "validation_examples": 64, "empty_renderings": 0, "cuts": {}, "too_long": 0},
    "lengths": {"shortest": 3, "longest": 99}, "supervised_tokens": 1234, "duplicates": 0, "steps": 20, "tokens": 5000,
    "positions_computed": 4000, "nodes": 3000, "sharing_ratio": 1.5, "batches": "trie", "group": 1,
    "tuning_seconds": 90, "memory_mb": 812, "replay_mb": 0, "questions": {"unseen": 96}, "asking_seconds": 60,
    "format": {"kind": "chat"}, "machine": {"cores": 2, "free_mb": 9000, "memory_mb": 16000, "gpus": []},
}  # fmt: skip
PROGRAM = f"""
import json, signal, sys
from pathlib import Path
recipe = Path(sys.argv[2]).read_text()
if "--plan" in sys.argv:
    if "slow" in recipe:
        signal.pause()
    if "nowhere" in recipe:
        print("unseen: nowhere: no such model; known models: a", file=sys.stderr)
        sys.exit(2)
    print(json.dumps({PLAN!r}))
    sys.exit(0)
run = Path(sys.argv[4])
run.mkdir(parents=True)
print("tuning: 20 steps", flush=True)
if "wait" in recipe:
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("unseen: interrupted; --resume goes on")
        sys.exit(130)
(run / "record.json").write_text(json.dumps({{"finished": "today"}}))
"""


@pytest.fixture
def jobs(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The studio's jobs; what it starts is a stand-in for `unseen`, and ./recipes lies in the test's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unseen.py").write_text(PROGRAM)
    program = (sys.executable, str(tmp_path / "unseen.py"))
    studio.workspace.kept("plans", None, lambda: Plans(program))
    found: Jobs = studio.workspace.kept(
        "jobs", studio.workspace.runs, lambda: Jobs(studio.workspace.runs, patience=0.5, program=program)
    )
    return found


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
    assert "catalogs: [shipped, user]" in page and "# unseen demo" in page


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


def test_a_run_is_started_watched_and_found_in_the_list(studio: Studio, jobs: Jobs) -> None:
    answer = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "run"})
    assert (answer.status, answer.headers["location"]) == (303, "/start/jobs/demo")
    assert until(jobs, "demo", has_ended).kind == "finished"
    page = studio.ask("/start/jobs/demo").text
    assert "tuning: 20 steps" in page and 'href="/runs/demo"' in page and "Resume" not in page
    assert "event: gone" in studio.ask("/start/jobs/demo/watch").text
    assert "0 of 1 runs" in studio.ask("/start").text
    again = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "run"})
    assert again.headers["location"] == "/start/jobs/demo-2"
    until(jobs, "demo-2", has_ended)


def test_a_run_begins_again_from_its_recipe_and_is_not_shown_before_it_is_there(studio: Studio, jobs: Jobs) -> None:
    text = "# its own recipe\n" + DEMO.replace("seed: 0", "seed: 7")
    jobs.start("one", "# wait\n" + text)
    until(jobs, "one", lambda state: bool(state.log))
    page = studio.ask("/start/jobs/one").text
    assert 'href="/runs/one"' not in page and "No checkpoint yet: resumed, it will begin again" in page
    link = re.search(r'href="(/start\?file=[^"]+)"', page)
    assert link and link[1] in studio.ask("/start").text
    assert "# its own recipe" in studio.ask(link[1]).text
    jobs.stop("one")
    until(jobs, "one", has_ended)


def test_a_plan_names_the_folder_that_the_studio_would_take(studio: Studio, jobs: Jobs) -> None:
    (studio.workspace.runs / "demo").mkdir(parents=True)
    shown = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "plan"}).text
    key = re.search(r"/start/plan/(\w+)", shown)
    assert key is not None and shown.index('id="plan-it"') < shown.index('id="plan"') < shown.index('id="save-as"')
    told = studio.ask(f"/start/plan/{key[1]}").text
    assert "demo-2 in " in told and "demo-12345678" not in told


def test_a_plan_tells_what_the_machine_has_beside_what_the_run_needs(tmp_path: Path) -> None:
    shown = planned.shown(Planned("planned", 1.0, PLAN), tmp_path)
    assert "There is no GPU here: it runs on 2 cores. Its process needs about 1,712 MB" in shown
    assert "2 cores; 9 000 of 16 000 MB of memory free; no GPU" in shown.replace("\u202f", " ")
    assert "torchrun --nproc-per-node 2 -m unseen tune recipes/demo.yaml --out" in shown
    assert "<summary>Several processes (0 GPUs here)</summary>" in shown and "<details open" not in shown


@pytest.mark.parametrize(("free", "said"), [(90_000, "90,000 MB are free there."), (500, "it may run out of memory")])
def test_a_plan_for_gpus_is_held_against_their_memory_and_names_the_command_for_all(
    tmp_path: Path, free: int, said: str
) -> None:
    gpus = [{"name": "H200", "free_mb": free, "memory_mb": 140_000} for _ in range(4)]
    shown = planned.shown(Planned("planned", 1.0, PLAN | {"machine": PLAN["machine"] | {"gpus": gpus}}), tmp_path)
    assert "812 MB of the GPU (H200)" in shown and said in shown and "4 GPUs here" in shown
    assert "torchrun --nproc-per-node 4 -m unseen tune recipes/demo.yaml" in shown and "<details open" in shown


def test_a_plan_that_fails_says_its_own_line(studio: Studio, jobs: Jobs) -> None:
    text = DEMO.replace("smollm2-135m-instruct", "nowhere")
    key = re.search(r"/start/plan/(\w+)", studio.ask("/start", {"text": text, "before": text, "do": "plan"}).text)
    assert key is not None
    assert "nowhere: no such model" in studio.ask(f"/start/plan/{key[1]}").text


def test_a_change_of_the_form_ends_the_plan(studio: Studio, jobs: Jobs) -> None:
    text = "# slow\n" + DEMO
    key = re.search(r"/start/plan/(\w+)", studio.ask("/start", {"text": text, "before": text, "do": "plan"}).text)
    assert key is not None
    studio.ask("/start/leave", {})
    assert "has changed since" in studio.ask(f"/start/plan/{key[1]}").text


def test_a_page_that_watches_a_run_ends_with_the_server(
    studio: Studio, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.start("one", "# wait\n" + DEMO)
    closing = Event()
    closing.set()
    monkeypatch.setattr(events, "CLOSING", closing)
    assert studio.ask("/start/jobs/one/watch").text == ""
    jobs.stop("one")
    until(jobs, "one", has_ended)


def test_a_job_that_is_not_there_is_told(studio: Studio) -> None:
    for path in ("/start/jobs/none", "/start/jobs/none/watch", "/start/jobs/..%2f.."):
        assert studio.ask(path).status in (404, 422)
    assert studio.ask("/start/jobs/none/stop", {}).status == 422


def test_the_form_and_the_text_follow_each_other_as_one_types(page: Any) -> None:
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    expect(page.locator('[name="k.evaluate.rows"]')).to_be_visible()
    page.locator("#at-train summary").click()
    page.locator('[name="k.train.rank"]').fill("64")
    expect(page.locator("#yaml")).to_have_value(re.compile(r"rank: 64"))
    page.locator("#yaml").fill("name: other\nseen: [sentiment/*]\nunseen: [nli/*]\ntrain: {rank: x}\n")
    expect(page.locator('[name="k.name"]')).to_have_value("other")
    expect(page.locator('[data-wrong="train.rank"]')).to_contain_text("must be a whole number")
    page.locator('[name="k.train.rank"]').fill("8")
    expect(page.locator("#facts")).to_contain_text("The recipe is sound")


def test_a_recipe_is_planned_started_and_stopped_in_the_browser(page: Any, jobs: Jobs) -> None:
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    page.locator('[name="k.name"]').fill("wait")
    expect(page.locator("#yaml")).to_have_value(re.compile("name: wait"))
    page.get_by_role("button", name="What would it do?").click()
    expect(page.locator("#plan")).to_contain_text("812 MB")
    expect(page.get_by_role("heading", name="What it would do")).to_be_in_viewport()
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator(".log")).to_contain_text("tuning: 20 steps")
    assert jobs.job("wait").memory_mb == 1712  # and 900 MB of a process with torch
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("stopped")


def test_the_page_does_not_scroll_sideways_on_a_telephone(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(re.sub(r"\?.*", "", page.url) + "start")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
