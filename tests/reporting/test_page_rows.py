"""The rows behind the numbers: every score leads to its lines, and the page says how many did not fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_runs import CHOICES, ROW, answers, record, write_run

from unseen.reporting.page import report
from unseen.reporting.run_data import load_run
from unseen.reporting.sections.asked_rows import rows_section

LED = re.compile(r'<a href="#(rows-[0-9a-f]{12})" class="number">(?:<s>)?<span class="score">')


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", list(answers()))
    return report([folder]).read_text(encoding="utf-8")


def part_of(page: str, id: str) -> str:
    """From an id to the end of the table behind it."""
    return page[page.index(f'id="{id}"') :].split("</table>")[0]


def test_every_score_and_difference_leads_to_its_rows(page: str) -> None:
    links = LED.findall(page)
    assert len(links) == page.count('class="score"') > 50
    assert all(page.count(f'id="{id}"') == 1 for id in links)


def test_what_a_mean_counts_of_the_part_that_it_leads_to_is_told(tmp_path: Path) -> None:
    """A mean over two tasks by accuracy leads to all three of its side; the third is judged by ROUGE-L."""
    model = record()["model"] | {"conflicts": {"nli/small": ["snli"], "nli/other": "none", "talk/say": "none"}}
    page = report([write_run(tmp_path / "run", list(answers(3)), model=model)]).read_text(encoding="utf-8")
    rows = page[page.index('<section id="rows"') :]
    summaries = [re.sub("<[^>]+>", "", each) for each in re.findall("<summary>(.*?)</summary>", rows)]
    assert [each.partition(" templates, ")[2] for each in summaries if each.startswith(("nli", "talk"))] == [
        "judged by accuracy; void",
        "judged by accuracy",
        "judged by ROUGE-L",
    ]
    assert "it counts those that are judged by its metric and are not void" in rows


def test_a_template_score_is_the_mean_of_the_lines_that_it_leads_to(page: str) -> None:
    every = page[page.index("Every score") :].split("</table>")[0]
    lines = [line for line in every.split("<tr>") if ">ask</td>" in line and ">tuned</td>" in line]
    assert len(lines) == 4
    for line in lines:
        (id,) = LED.findall(line)
        score = float(re.findall(r"<b>([\d.]+)</b>", line)[0])
        judged = [float(cells[-1]) for cells in cells_of(part_of(page, id))]
        assert len(judged) == 12 and score == pytest.approx(sum(judged) / 12, abs=0.051)


def cells_of(table: str) -> list[list[str]]:
    rows = table[table.index("<tbody>") :].split("<tr>")[1:]
    return [[re.sub("<[^>]+>", "", cell) for cell in row.split("<td>")[1:]] for row in rows]


def test_a_line_holds_the_question_what_is_right_and_what_each_model_said(page: str) -> None:
    id = next(match for match in re.findall(r'<h4 id="(rows-\w+)">ask: 12 of 12 lines', page))
    row, question, right, base, judged, tuned, again = cells_of(part_of(page, id))[0]
    assert re.fullmatch(r"test\[\d+\]", row) and ROW in question
    assert right in CHOICES and base in CHOICES and tuned in CHOICES
    assert (base == right) == (judged == "100.0") and (tuned == right) == (again == "100.0")


def test_lines_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "run", list(answers(rows=40))))
    whole, small = rows_section(run), rows_section(run, bound=20_000)
    assert whole and small and len(small) < 20_000 + 12 * 1500
    shown = sum(int(found) for found in re.findall(r": (\d+) of 40 lines</h4>", small))
    left = int(re.findall(r"([\d\u202f]+) lines did not fit", small)[0].replace("\u202f", ""))
    assert shown > 0 and shown + left == len(re.findall("<tr><td>", whole)) == 12 * 40
    assert "did not fit" not in whole


def test_every_template_shows_the_same_rows_first(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "run", list(answers(rows=40))))
    shown = str(rows_section(run, bound=20_000))
    firsts = [re.findall(r"test\[\d+\]", part)[:3] for part in shown.split("<tbody>")[1:]]
    assert len(firsts) == 12 and len({tuple(each) for each in firsts}) == 1


def test_without_rows_the_lines_are_hashes(tmp_path: Path) -> None:
    page = report([write_run(tmp_path / "run", list(answers()))], with_rows=False).read_text(encoding="utf-8")
    rows = page[page.index('<section id="rows"') :]
    assert ROW not in page and "sha256 " in rows and "test[3]" in rows


def test_a_comparison_leads_to_the_rows_of_each_run(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, list(answers(gain=gain))) for name, gain in (("a", 0.1), ("b", 0.5))]
    page = report(runs, out=tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<section id="rows-of-A"' in page and '<section id="rows-of-B"' in page
    links = LED.findall(page)
    assert len(links) == page.count('class="score"') and all(page.count(f'id="{id}"') == 1 for id in links)
    assert ROW not in report(runs, with_rows=False, out=tmp_path / "bare.html").read_text(encoding="utf-8")


def test_a_run_whose_answers_are_gone_has_numbers_without_links(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers()), model=record()["model"])
    (folder / "predictions.parquet").unlink()
    page = report([folder]).read_text(encoding="utf-8")
    assert 'class="score"' in page and not LED.search(page)


def test_a_page_of_long_texts_stays_under_five_megabytes(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=400, prompt="長" * 4000)))
    assert report([folder]).stat().st_size < 5_000_000
