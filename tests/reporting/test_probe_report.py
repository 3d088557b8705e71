"""`unseen probe report`: a probe's page, its Markdown and its pictures, all from numbers.json alone."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from unseen.cli import run
from unseen.reporting.figures.panels import Mark, Panel, Series
from unseen.reporting.figures.pictures import figures_of, names_of
from unseen.reporting.figures.sheet import sheet
from unseen.reporting.probes.probe_page import probe_page
from unseen.reporting.probes.told import Told
from unseen.reporting.probes.written import write_probe

Capture = pytest.CaptureFixture[str]
ONE, MANY, PAPER = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0xFD, 0xFD, 0xFC)
NAMES = ["distance-of-slip-to-its-key-words", "how-far-gradients-cancel"]
POINTS = [
    ["one | wording", "4.50 (no interval)", "1"],
    ["many wordings", "3.25 [3.00, 3.50]", "2"],
]


def told() -> Told:
    """What a probe might tell, by hand: two curves, one point of them with an interval, and a panel of names."""
    curves = [
        Series("one | wording", [Mark(0, 4.5), Mark(8, 4.0)]),
        Series("many", [Mark(0, 4.5), Mark(8, 3.25, (3.0, 3.5))]),
    ]
    distance = Panel("Distance of <slip> to its key words", "rows tuned on", "L2 distance", curves, "doublings",
                     levels=[("other tokens", 5.0)])  # fmt: skip
    cancelled = Series("ratio, 95 %", [Mark(0, 0.5, (0.4, 0.6))], "marks")
    names = Panel("How far gradients cancel", "", "ratio", [cancelled], "names", names=("the task",))
    return Told(
        probe="representation",
        sentence="L2 distance of <slip> to its 4 key words: fell.",
        caveats=("An interval is over runs that differ in their seed alone.",),
        settings={"rows": 8, "seed": 3, "words": ("red", "urgent")},
        counts={"texts": 12},
        models={"runs/one": {"digest": "ab12"}},
        points={"means": [4.5, 3.25], "open": float("inf")},
        heads=("curve", "distance", "runs"),
        lines=POINTS,
        panels=[distance, names],
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_probe(tmp_path / "probe", told())
    return tmp_path / "probe"


def reported(folder: Path, capsys: Capture, *options: str) -> Path:
    """What `unseen probe report` says that it wrote."""
    assert run(["probe", "report", str(folder), *options]) == 0
    return Path(capsys.readouterr().out.strip())


def test_the_page_is_made_again_to_the_letter(folder: Path, capsys: Capture) -> None:
    page = folder / "page.html"
    before = page.read_bytes()
    page.unlink()
    assert reported(folder, capsys) == page and page.read_bytes() == before


def test_markdown_has_the_sentence_and_every_point_with_its_interval(folder: Path, capsys: Capture) -> None:
    path = reported(folder, capsys, "--format", "md")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert path == folder / "page.md" and lines[0] == "# Probe: representation"
    assert lines[2] == r"**L2 distance of \<slip\> to its 4 key words: fell.**"
    assert "- An interval is over runs that differ in their seed alone." in lines
    head = lines.index("| curve | distance | runs |")
    assert lines[head - 1] == "" and lines[head + 1] == "| --- | --- | --- |"
    assert lines[head + 2 : head + 4] == [
        r"| one \| wording | 4.50 (no interval) | 1 |",
        "| many wordings | 3.25 [3.00, 3.50] | 2 |",
    ]
    assert {"- settings: rows: 8", "- settings: seed: 3", "- counts: texts: 12"} <= set(lines)


def test_every_figure_is_a_picture_of_its_own(folder: Path, capsys: Capture) -> None:
    place = reported(folder, capsys, "--format", "png")
    assert place == folder / "page-figures"
    assert sorted(path.name for path in place.iterdir()) == [f"{name}.png" for name in NAMES]
    image = Image.open(io.BytesIO((place / f"{NAMES[0]}.png").read_bytes())).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1 << 24) or ()}
    assert {ONE, MANY} <= colours and image.getpixel((2, 2)) == PAPER
    assert image.width == 2 * (760 + 40) and image.height == 2 * (300 + 40)


def test_a_picture_holds_the_words_of_the_page_and_needs_no_browser() -> None:
    page = probe_page(told())
    figures = figures_of(page)
    assert list(names_of(figures)) == NAMES and page.count('class="panels"') == len(figures)
    for figure, panel in zip(figures, told().panels, strict=True):
        svg = sheet(figure)
        texts = [
            "".join(each.itertext()) for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        ]
        assert texts.count(panel.title) == 1 and panel.up in texts
        assert not re.search(r'var\(|@media|="[\d.]+%"|https?://(?!www\.w3\.org/2000/svg)', svg)


def test_a_number_that_is_none_is_null(folder: Path) -> None:
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    assert numbers["points"] == {"means": [4.5, 3.25], "open": None} and numbers["versions"]["unseen"]


def test_a_folder_that_is_no_probes_is_one_line(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert run(["probe", "report", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"unseen: {tmp_path}: is no probe's folder: it has no numbers.json; name one that unseen probe wrote\n"
    )
    numbers = folder / "numbers.json"
    old = {key: each for key, each in json.loads(numbers.read_text(encoding="utf-8")).items() if key != "panels"}
    for content, said in ((json.dumps(old), "does not hold its figures and its table"), ("{", "cannot be read")):
        numbers.write_text(content, encoding="utf-8")
        assert run(["probe", "report", str(folder), "--format", "md"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"unseen: {numbers}: {said}")


def test_an_unknown_format_is_one_line(folder: Path, capsys: Capture) -> None:
    assert run(["probe", "report", str(folder), "--format", "pdf"]) == 2
    assert capsys.readouterr().err == "unseen: --format: there is no format 'pdf'; write html, md, png\n"
