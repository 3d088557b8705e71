"""What a recipe would do: asked for on Start, told while it is found out, and what is said of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio
from tests.studio.start_program import DEMO, PLAN
from unseen.data.places import user_catalog
from unseen.reporting.plan_words import asked_words
from unseen.studio.jobs import Jobs
from unseen.studio.pages import planned
from unseen.studio.pages.planned import plans_of
from unseen.studio.plans import Planned


def test_a_plan_names_the_folder_that_the_studio_would_take(studio: Studio, jobs: Jobs) -> None:
    (studio.workspace.runs / "demo").mkdir(parents=True)
    shown = studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "plan"}).text
    key = re.search(r"/start/plan/(\w+)", shown)
    assert key is not None and shown.index('id="plan"') < shown.index('name="k.name"')  # above all: it is seen whole
    told = studio.ask(f"/start/plan/{key[1]}").text
    assert "demo-2 in " in told and "demo-12345678" not in told


def test_a_plan_tells_what_the_machine_has_beside_what_the_run_needs(tmp_path: Path) -> None:
    shown = planned.shown(Planned("planned", 1.0, PLAN), tmp_path)
    assert "About 1,712 MB for the whole process, and" in shown and "there is no GPU here, it runs on 2 cores" in shown
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


def test_sides_of_several_tasks_are_told_by_their_product_or_by_what_it_lies_between() -> None:
    alike = {"side": "unseen", "task": "a", "rows": 48, "templates": 3, "models": 1, "plain": 0, "draws": 2}
    other = {**alike, "side": "seen", "rows": 8, "draws": 1}
    asked = [alike, {**alike, "task": "b"}, other, {**other, "task": "d", "rows": 10}]
    lines = asked_words({"questions": {"unseen": 576, "seen": 54}, "asked": asked})
    assert lines[0].startswith("576 questions of unseen tasks = 2 tasks × 48 rows × 3 templates × 1 model × 2 choices")
    assert lines[1].startswith("54 questions of seen tasks (new rows), 2 tasks with 8 to 10 rows × templates × models")
    assert len(lines) == 2 and asked_words({"questions": {}}) == ["nothing"]


def test_a_plan_that_fails_says_its_own_line(studio: Studio, jobs: Jobs) -> None:
    text = DEMO.replace("smollm2-135m-instruct", "nowhere")
    key = re.search(r"/start/plan/(\w+)", studio.ask("/start", {"text": text, "before": text, "do": "plan"}).text)
    assert key is not None
    assert "nowhere: no such model" in studio.ask(f"/start/plan/{key[1]}").text


SLOW = DEMO.replace("name: demo", "name: slow")


def stands(studio: Studio, said: str) -> str:
    """Start as it is loaded anew, once it says so."""
    deadline, moment = monotonic() + 60, Event()
    while said not in (text := studio.ask("/start").text):
        assert monotonic() < deadline, text
        moment.wait(0.02)
    return text


def follow(studio: Studio, before: str, text: str) -> dict[str, Any]:
    """What a page that shows the plan of `before` is answered when it says `text` now."""
    form = {"text": text, "before": text, "planned": plans_of(studio.workspace).key_of(before)}
    found: dict[str, Any] = json.loads(studio.ask("/start/follow", form).text)
    return found


def test_a_plan_says_what_it_does_now_and_stands_there_when_one_comes_back(studio: Studio, jobs: Jobs) -> None:
    """Started on a page that was left since; another recipe has no plan."""
    studio.ask("/start", {"text": SLOW, "before": SLOW, "do": "plan"})
    text = stands(studio, "a-model: downloading 120 of 270 MB")
    plan = text[text.index('id="plan"') :]
    assert 'value="120000000"' in plan and "s so far" in plan and "data-stream" in plan and "%" not in plan
    assert "downloading" not in studio.ask("/start?afresh=yes").text
    follow(studio, SLOW, DEMO)
    assert "downloading" not in studio.ask("/start").text


def test_what_came_of_a_plan_stands_there_when_one_comes_back(studio: Studio, jobs: Jobs) -> None:
    studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "plan"})
    text = stands(studio, "<h2>What it would do</h2>")
    plan = text[text.index('id="plan"') : text.index('class="recipe"')]
    assert "1,712 MB" in plan and "aria-live" not in plan and "Start this run" in plan
    pressed = re.findall(r'<button[^>]*name="do" value="(\w+)"', text[text.index('id="recipe"') :])
    assert pressed[0] == "plan" and "run" in pressed  # the Enter key presses the first


def test_a_plan_belongs_to_what_a_recipe_says_and_stands_again_when_it_is_changed_back(
    studio: Studio, jobs: Jobs
) -> None:
    studio.ask("/start", {"text": DEMO, "before": DEMO, "do": "plan"})
    stands(studio, "<h2>What it would do</h2>")
    changed = follow(studio, DEMO, SLOW)
    assert changed["planned"] == "" and "has changed since" in changed["plan"]
    for same in (DEMO, "# another comment\n" + DEMO.replace("3.0e-4", "0.0003")):
        back = follow(studio, "", same)
        assert back["planned"] and "What it would do" in back["plan"]
    own = DEMO.replace("[shipped]", "[shipped, user]")
    studio.ask("/start", {"text": own, "before": own, "do": "plan"})
    stands(studio, "<h2>What it would do</h2>")
    (user_catalog() / "mine.yaml").parent.mkdir(parents=True, exist_ok=True)
    (user_catalog() / "mine.yaml").write_text("dataset: mine")
    assert not follow(studio, "", own)["planned"] and follow(studio, "", DEMO)["planned"]  # a catalog was changed


def test_a_plan_answers_first_what_one_asks_first(tmp_path: Path) -> None:
    """By hand: 48 of 198 draws are 24 %; 8 rows through 3 templates by 2 models and 1 plain prompt are 56."""
    asked = {"side": "unseen", "task": "nli/c", "rows": 8, "templates": 3, "models": 2, "plain": 1, "draws": 1}
    values = PLAN | {
        "examples": PLAN["examples"] | {"examples": 48, "epoch_length": 198, "rows": {"a/b": {"tuned_on": 39}}},
        "steps": 6,
        "exposures": {"a/b": {"examples": 48, "rows": 31, "wordings": 5}},
        "questions": {"unseen": 56},
        "asked": [asked | {"questions": 56}],
    }
    again = PLAN["examples"] | {"examples": 900, "epoch_length": 300}
    assert "3.0 times an epoch" in planned.shown(Planned("planned", 1.0, PLAN | {"examples": again}), tmp_path)
    answers, _, rest = planned.shown(Planned("planned", 1.0, values), tmp_path).partition("</dl>")
    assert "About 2 min 30 s on this machine: 1 min 30 s for 6 steps of tuning, 1 min 0 s for 56 questions" in answers
    assert "48 examples in 6 steps, 24 % of an epoch (198 draws): 48 from 31 rows of a/b" in answers
    assert "nli/c, at level cluster: no task of the unseen clusters was tuned on" in answers
    assert "56 questions of unseen tasks = 8 rows × (3 templates × 2 models + 1 plain prompt); evaluate.rows" in answers
    assert "2 models are base and tuned; plain prompts are for base alone." in answers
    assert "<details><summary>All that was found out</summary>" in rest and "<details open" not in rest


def test_a_plan_is_found_again_in_the_browser(page: Any, studio: Studio, jobs: Jobs) -> None:
    page.goto(f"{studio.url}start")
    page.locator("#yaml").fill(SLOW)
    page.get_by_role("button", name="What would it do?").click()
    expect(page.locator("#plan")).to_contain_text("downloading 120 of 270 MB")
    expect(page.locator("#plan")).to_be_focused()
    expect(page.locator("#plan")).to_be_in_viewport(ratio=1)
    page.goto(f"{studio.url}runs")
    page.get_by_role("navigation").get_by_role("link", name="Start").click()
    expect(page.locator("#plan progress")).to_be_visible()
    expect(page.locator("#plan")).to_contain_text("downloading 120 of 270 MB")
    page.locator('[name="k.name"]').fill("another")
    expect(page.locator("#plan")).to_contain_text("has changed since")


def test_a_change_of_the_form_ends_the_plan(studio: Studio, jobs: Jobs) -> None:
    key = re.search(r"/start/plan/(\w+)", studio.ask("/start", {"text": SLOW, "before": SLOW, "do": "plan"}).text)
    assert key is not None
    follow(studio, SLOW, DEMO)
    assert "has changed since" in studio.ask(f"/start/plan/{key[1]}").text
