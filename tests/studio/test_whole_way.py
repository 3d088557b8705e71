"""A newcomer's whole way, in a browser alone: a file, two templates, tokens, a task held out, a run, its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import Studio

ROWS = "message,angry\n" + "".join(
    f'"The parcel came {n} days {["early, thank you", "late, and broken"][n % 2]}.",{["no", "yes"][n % 2]}\n'
    for n in range(40)
)
RECIPE = """name: first_try
model: tiny-random-llama
catalogs: [shipped, user]
seen: [topic/question_types]
unseen: [mood/parcels]
hold_out: {level: cluster}
templates: {per_task: 2}
train: {method: lora, rank: 4, steps: 4, examples_per_step: 4, validation_rows: 4, precision: float32}
evaluate: {rows: 6, seen_rows: 4}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the studio runs in, with the newcomer's file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "parcels.csv").write_text(ROWS)
    return tmp_path


def test_from_a_file_to_the_report_of_a_run(page: Any, studio: Studio, place: Path) -> None:
    page.goto(studio.url + "new")
    page.locator("input[type=file]").set_input_files(str(place / "parcels.csv"))
    page.get_by_role("button", name="Look at it").first.click()
    page.get_by_label("Cluster").fill("mood")
    page.get_by_role("button", name="Save the dataset").click()
    expect(page.locator("#shown")).to_contain_text("No mistakes in 40 rows")

    page.locator('[name="name"]').fill("in_a_word")
    page.locator('[name="prompt"]').fill("{{ message }}\nIs the customer angry?")
    expect(page.locator("#shown")).to_contain_text("Is the customer angry?")
    page.get_by_role("button", name="Save as another").click()
    expect(page.locator("body")).to_contain_text("2 templates")

    page.goto(studio.url + "start")
    page.locator("#yaml").fill(RECIPE)
    expect(page.locator("body")).to_contain_text("The recipe is sound")
    expect(page.locator("body")).to_contain_text("mood/parcels")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("body")).to_contain_text("finished", timeout=240_000)

    page.goto(studio.url + "tokens?task=mood/parcels&template=in_a_word&model=tiny-random-llama")
    expect(page.locator("body")).to_contain_text("predicted: the loss counts it")

    page.goto(studio.url + "runs")
    page.get_by_role("link", name="first_try").click()
    expect(page.locator("body")).to_contain_text("4 of 4 steps")
    page.get_by_text("Show the report here").click()
    report = page.frame_locator("iframe")
    expect(report.locator("#verdict")).to_contain_text("unseen")
    expect(report.locator("body")).to_contain_text("parcels")
