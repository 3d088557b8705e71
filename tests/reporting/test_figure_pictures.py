"""`report --format png`: the page's figures as files, with the page's own words and colours."""

from __future__ import annotations

import io
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from page_runs import CHOICES, answers, record, write_run
from PIL import Image

from unseen.cli import run
from unseen.reporting.figures.pictures import figures_of, names_of
from unseen.reporting.figures.png import png
from unseen.reporting.figures.sheet import sheet
from unseen.reporting.page import run_page
from unseen.reporting.run_data import RunData, load_run
from unseen.reporting.sections.comparison import comparison

BASE, TUNED = (0xB3, 0x59, 0x00), (0x00, 0x67, 0xA8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return load_run(write_run(tmp_path_factory.mktemp("runs") / "run", list(answers())))


def test_every_figure_of_the_page_is_found_once(data: RunData) -> None:
    page = run_page(data)
    figures = figures_of(page)
    names = list(names_of(figures))
    assert len(figures) == page.count('class="figure sortable"') + page.count('class="curve"')
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert {"tuning", "scores-scores-accuracy-unseen-tasks"} <= set(names)


def test_a_picture_says_what_the_page_says(data: RunData) -> None:
    figure = next(each for each in figures_of(run_page(data)) if each.title == "Scores: accuracy, unseen tasks")
    drawn = ElementTree.fromstring(sheet(figure))
    texts = ["".join(each.itertext()) for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    medians = [r for r in data.scores if r.template is None and r.task == "nli/small" and r.model == "tuned"]
    for row in medians:
        assert f"{row.score:.1f} [{row.low:.1f}, {row.high:.1f}] {row.count} rows" in texts
    assert [key.name for key in figure.keys][:3] == ["base", "base, plain prompts", "tuned"]


def test_no_picture_needs_a_browser(data: RunData) -> None:
    """CSS variables, media queries and per cents are what renderers beside browsers lack."""
    for figure in figures_of(run_page(data)):
        svg = sheet(figure)
        ElementTree.fromstring(svg)
        assert not re.search(r'var\(|@media|:is\(|="[\d.]+%"|https?://(?!www\.w3\.org/2000/svg)', svg)


def test_pictures_show_base_and_tuned_in_their_colours(data: RunData) -> None:
    figure = next(each for each in figures_of(run_page(data)) if each.title == "Scores: accuracy, unseen tasks")
    image = Image.open(io.BytesIO(png(sheet(figure)))).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1 << 24) or ()}
    assert {BASE, TUNED} <= colours and image.getpixel((2, 2)) == (0xFD, 0xFD, 0xFC)
    assert image.height == 2 * (20 + 34 + 26 + 24 + 30 * len(figure.lines) + 20)


def test_words_of_a_cell_do_not_run_together(data: RunData) -> None:
    """A list in a cell, and two lines of one."""
    figures = {each.title: each for each in figures_of(run_page(data))}
    by_template = figures["Answers given by template"]
    assert f"ask: {CHOICES[0]}, {CHOICES[1]}" in {line.cells[1] for line in by_template.lines}
    compared = figures_of(comparison([data, data]))
    task = next(each for each in compared if each.title == "Scores: accuracy, unseen tasks")
    base, tuned = task.lines[0].cells[4].split("\n")
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\] 12 rows", base) and base != tuned
    assert [key.name for key in task.keys] == ["base", "tuned"]


def test_the_loss_has_a_scale_whose_numbers_differ(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers()))
    lines = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]
    near = [line | {"loss": 7.6 + 0.001 * n, "validation_loss": None} for n, line in enumerate(lines)]
    (folder / "steps.jsonl").write_text("".join(json.dumps(line) + "\n" for line in near))
    curve = next(each for each in figures_of(run_page(load_run(folder))) if each.drawing)
    ticks = re.findall(r'text-anchor="end" class="tick">([^<]+)<', curve.drawing)
    assert len(ticks) > 2 and len(set(ticks)) == len(ticks)
    assert [key.name for key in curve.keys] == ["train"]


def test_a_void_row_is_faint(tmp_path: Path) -> None:
    model = record()["model"] | {"conflicts": {"nli/small": ["snli"], "nli/other": "none", "talk/say": "none"}}
    data = load_run(write_run(tmp_path / "run", list(answers()), model=model))
    figure = next(each for each in figures_of(run_page(data)) if each.title == "Scores: accuracy, unseen tasks")
    void = [line.cells[0] for line in figure.lines if line.void]
    assert set(void) == {"nli/small void"} and sheet(figure).count('opacity="0.35"') == len(void)


def test_the_command_writes_a_file_for_each_figure(data: RunData, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(data.folder), "--format", "png"]) == 0
    folder = data.folder / "report-figures"
    assert capsys.readouterr().out == f"{folder}\n"
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(f"{name}.png" for name in names_of(figures_of(run_page(data))))
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_without_the_extra_one_line_names_it(
    data: RunData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert run(["report", str(data.folder), "--format", "png"]) == 2
    assert capsys.readouterr().err == (
        "unseen: drawing figures as PNG needs the extra 'plots'; pip install 'unseen[plots]'\n"
    )


def test_a_run_without_figures_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run(tmp_path / "run", [])
    (folder / "steps.jsonl").unlink()
    assert run(["report", str(folder), "--format", "png"]) == 2
    assert "there is no figure to draw" in capsys.readouterr().err
