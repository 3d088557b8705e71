"""The page of a study: the verdict first, every arm, links that lead somewhere, and nothing from outside."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.evaluation.prediction_file import PredictionWriter, read_predictions
from unseen.reporting.figures.axis_curve import Point, axis_curve
from unseen.reporting.study_page import study_report
from unseen.reporting.study_words import cost, headline, p_value, shown_p, told, word_of
from unseen.study.results import read_results
from unseen.study.verdict import Cost, analyse

STUDIES = Path(__file__).parents[1] / "study"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The module that makes study folders, which stands with the tests of studies."""
    monkeypatch.syspath_prepend(str(STUDIES))
    import made_studies

    return made_studies


@pytest.fixture
def folder(made, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    arms = {"none": 0.0, "good": 18.0, "bad": -18.0, "odd": 0.0, "broken": "/nowhere: no such model"}
    study = made.Made(arms=arms, rows=50, seed=0.5, both=0.3, decision={"smallest": 3.0})
    return made.write_study(tmp_path / "study", study)  # type: ignore[no-any-return]


class Page(HTMLParser):
    """Ids, links, sources and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.words: list[str] = []
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.ids.add(values.get("id") or "")
        self.links += [values["href"] or ""] if tag == "a" and "href" in values else []
        self.sources += [str(values[name]) for name in ("src", "srcset", "data") if name in values]
        self._silent = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_what_a_study_would_show_is_told_as_far_as_scores_go(folder: Path) -> None:
    results = read_results(folder)
    arm = next(each for each in analyse(results).arms if each.difference)
    said = [told(replace(arm, word="not decidable", shows=shows), results.rule) for shows in (None, 12.5, 1934.4)]
    assert "large a study shows" not in said[0] and "shows true differences from 12.5 points." in said[1]
    assert "1934" not in said[2] and "would not show even a difference of 100.0 points." in said[2]


def test_the_verdict_stands_first_beside_the_papers_finding(folder: Path) -> None:
    text = page_of(study_report(folder)).text
    places = [text.index(each) for each in ("Does the first arm", "Better: good", "The paper found", "Every arm")]
    assert places == sorted(places)
    assert "The first arm did better by 10 points." in text
    assert "Somebody et al., 2022, section 4" in text


def test_every_arm_has_its_numbers_and_its_failures(folder: Path) -> None:
    text = page_of(study_report(folder)).text
    verdict = analyse(read_results(folder))
    for arm in verdict.arms:
        assert arm.name in text
        assert word_of(arm, verdict.rule) in text
    assert "/nowhere: no such model" in text
    assert "200 rows, 4 tasks, 3 seeds" in text
    assert "1.31 (N = 4)" in text
    assert "12 000" in text
    assert "the same number of optimizer steps" in text


def test_every_score_and_difference_has_its_interval_and_its_rows(folder: Path) -> None:
    text = study_report(folder).read_text(encoding="utf-8")
    scores = text.split('<span class="score">')[1:]
    assert len(scores) > 50
    for each in scores:
        shown = re.sub("<[^>]+>", " ", each.split("</td>")[0])
        assert re.search(r"(\[[^]]+\]|no interval) +\d+ rows", " ".join(shown.split()))
    assert re.search(
        r"good less none: \+[\d.]+ points \[[^]]+\] over 200 rows, p", page_of(folder / "report.html").text
    )


def test_examples_of_the_tasks_stand_apart_where_there_are_diverse_data(folder: Path) -> None:
    """Twelve steps of sixteen, half of them on diverse data: the rows were met 96 times."""
    assert "examples of the tasks" not in page_of(study_report(folder)).text
    for seed in (0, 1, 2):
        path = folder / "arms" / "good" / f"seed-{seed}" / "record.json"
        record = json.loads(path.read_text())
        record["recipe"]["diversity"] = {"ratio": 1.0}
        record["counts"]["examples"] = 192
        record["delia"] = [{"step": 5, "facts": {"tasks": {"a/b": {"examples": 60}, "a/c": {"examples": 36}}}}]
        path.write_text(json.dumps(record))
    text = page_of(study_report(folder)).text
    assert "examples examples of the tasks supervised tokens" in text and " 192 96 " in text
    written = study_report(folder, format="md").read_text()
    assert "| examples of the tasks |" in written and "| 192 | 96 |" in written


def test_links_lead_to_records_beside_the_page_and_to_parts_of_it(folder: Path) -> None:
    page = page_of(study_report(folder))
    inside = [link[1:] for link in page.links if link.startswith("#")]
    outside = [link for link in page.links if not link.startswith("#")]
    assert set(inside) <= page.ids
    assert {"arm-none", "arm-good", "arm-broken"} <= set(inside)
    assert "arms/good/seed-2/record.json" in outside
    assert all((folder / link).is_file() for link in outside)


def test_a_page_to_publish_has_no_links_out_of_it_and_its_records_facts(folder: Path, tmp_path: Path) -> None:
    for path in (
        study_report(folder, with_rows=False),
        study_report(folder, with_rows=False, out=tmp_path / "docs" / "made.html"),
    ):
        page = page_of(path)
        assert all(link.startswith("#") for link in page.links)
        assert "0" + "c" * 15 in page.text  # the fingerprint of a run
        assert str(tmp_path) not in path.read_text(encoding="utf-8")


def test_the_page_asks_nobody(folder: Path) -> None:
    text = study_report(folder).read_text(encoding="utf-8")
    assert "default-src &#x27;none&#x27;" in text
    assert not page_of(folder / "report.html").sources
    assert not re.search(r"url\(|@import|https?://", text.split('<script type="application/json"')[0])


def test_the_page_carries_results_that_verify_checks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = study_report(folder)
    assert run(["verify", str(path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("Better: good", "Better: bad"), encoding="utf-8")
    assert run(["verify", str(path)]) == 1
    assert "page" in capsys.readouterr().out


def test_names_and_questions_are_escaped(folder: Path) -> None:
    path = folder / "study.json"
    study = json.loads(path.read_text())
    study["question"] = "<script>alert(1)</script> | x"
    path.write_text(json.dumps(study))
    assert "<script>alert(1)" not in study_report(folder).read_text(encoding="utf-8").split("application/json")[0]
    assert "\\<script\\>alert(1)" in study_report(folder, format="md").read_text(encoding="utf-8")


def test_a_curve_is_drawn_with_its_slope(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    arms = {f"tasks-{n}": 4.0 * place for place, n in enumerate((1, 2, 4))}
    about = {f"tasks-{n}": {"tasks": n} for n in (1, 2, 4)}
    counts = {}
    for n in (1, 2, 4):
        names = [f"c/t{place}" for place in range(n)]
        counts[f"tasks-{n}"] = {"drawn": dict.fromkeys(names, 9), "rows": {name: {"tuned_on": 9} for name in names}}
    study = made.Made(arms=arms, about=about, baseline="tasks-1", rows=40, seed=0.3, both=0.2, counts=counts)
    text = study_report(made.write_study(tmp_path, study)).read_text(encoding="utf-8")
    assert 'class="curve"' in text
    assert "a doubling" in text
    assert "Score over tasks as the records count what was used" in text


def test_a_curve_over_what_no_record_counts_has_no_slope(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    arms = {f"templates-{n}": 4.0 * place for place, n in enumerate((1, 4, 10))}
    about = {name: {"templates": int(name[10:])} for name in arms}
    study = made.Made(arms=arms, about=about, baseline="templates-1", rows=20)
    text = page_of(study_report(made.write_study(tmp_path, study))).text
    assert "Score over templates as asked for, at most" in text
    assert "No slope: the records do not say how much of it was used" in text and "a doubling" not in text


def test_the_page_says_of_how_many_arms_seeds_are_known(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = "taken from all tuned arms together"
    for arms, found in (({"none": 0.0, "good": 9.0}, False), ({"none": 0.0, "good": 9.0, "bad": -9.0}, True)):
        page = study_report(made.write_study(tmp_path / str(found), made.Made(arms=arms, rows=10)), format="md")
        assert (said in page.read_text(encoding="utf-8")) is found


def test_the_page_says_when_scores_do_not_subtract(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = "The scores of good and of what they are compared with do not subtract"
    folder = made.write_study(tmp_path, made.Made(arms={"none": 0.0, "good": 9.0}, rows=10))
    assert said not in study_report(folder, format="md").read_text(encoding="utf-8")
    path = folder / "arms/good/seed-0/predictions.parquet"
    kept = [each for each in read_predictions(path) if each.task != "nli/a" or each.row > 4]
    with PredictionWriter(path) as writer:
        for each in kept:
            writer.write(each)
    assert said in study_report(folder, format="md").read_text(encoding="utf-8")


def test_a_seeds_worst_template_has_its_name(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    study = made.Made(arms={"none": 0.0, "good": 5.0}, seeds=(0, 1), rows=20, templates=(-30.0, 0.0, 30.0))
    folder = made.write_study(tmp_path, study)
    text = page_of(study_report(folder)).text
    assert "A task's numbers are means over seeds, of what each seed shows with templates and rows of its own" in text
    for ways in analyse(read_results(folder)).arm("good").ways:
        (worst,), low = ways.worst
        assert worst == "t0" and f"{low:.1f} t0" in text


def test_a_curve_in_words_names_every_point() -> None:
    drawn = axis_curve([Point("a", 0, 40.0, (35.0, 45.0), [40.0]), Point("b", 8, 50.0, None, [49.0, 51.0])], "tasks")
    assert 'aria-label="tasks 0: 40.0 [35.0, 45.0]; tasks 8: 50.0 no interval"' in drawn
    assert drawn.count('class="seed"') == 2


def test_a_study_that_has_not_begun_has_a_page(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = page_of(study_report(made.write_study(tmp_path, made.Made(arms={"none": None, "good": None})))).text
    assert "Nothing could be compared yet." in text


def test_a_void_study_says_so(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    conflicts = {task: ["p3"] for task in made.Made(arms={}).tasks}
    study = made.Made(arms={"none": 0.0, "good": 9.0}, conflicts=conflicts, rows=5)
    assert (
        "Void: the start model was tuned on what is tested."
        in page_of(study_report(made.write_study(tmp_path, study))).text
    )


def test_one_comparison_is_a_sentence(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    study = made.Made(arms={"none": 0.0, "good": 18.0}, rows=60, seed=0.3, both=0.2)
    found = analyse(read_results(made.write_study(tmp_path, study)))
    good = found.arm("good").difference
    assert good is not None
    assert headline(found) == f"good is better than none by {good.main.value:.1f} points."


def test_costs_in_words() -> None:
    assert "8 seeds and 400 rows a task, about 2 h 30 min" in cost(Cost(8, 400, None, 2.5, True))
    assert "about 40 tasks" in cost(Cost(None, None, 40, None, True))
    assert "more than 64 seeds" in cost(Cost(None, None, None, None, True))
    assert "One seed cannot say" in cost(Cost(8, 400, None, None, False))
    assert [p_value(p) for p in (0.0001, 0.0123, 0.5)] == ["p < 0.001", "p = 0.012", "p = 0.50"]
    assert [shown_p(p) for p in (0.0001, 0.0123, 0.5)] == ["< 0.001", "0.012", "0.500"]


def test_the_command_writes_pages_tables_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert run(["study", "report", str(folder), "--format", "md", "--out", str(folder / "x.md")]) == 0
    assert (folder / "x.md").read_text().startswith("# made (small, abababab)")
    capsys.readouterr()
    assert run(["study", "report", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["headline"].startswith("Better: good")
    assert {arm["name"]: arm["word"] for arm in found["arms"]}["bad"] == "worse"


def test_mistakes_are_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "report", str(tmp_path)]) == 2
    assert run(["study", "report", str(folder), "--format", "pdf"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert "study.json" in lines[0]
    assert "html, md, png" in lines[1]
