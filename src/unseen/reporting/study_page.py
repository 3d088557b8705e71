"""`study report`: one self-contained page of a study, the verdict first. It opens offline and asks nobody."""

from __future__ import annotations

import json
from pathlib import Path

from unseen.reporting.document import document
from unseen.reporting.figures.png import write_figures
from unseen.reporting.markup import Markup, tag
from unseen.reporting.sections.study_arms import arms_table, curves, differences
from unseen.reporting.sections.study_made import made_section, records_section, split_section
from unseen.reporting.sections.study_opening import opening
from unseen.reporting.sections.study_tasks import tasks_section, ways_section
from unseen.reporting.study_markdown import study_markdown
from unseen.reporting.study_words import headline
from unseen.reporting.writing import written
from unseen.study.bundle import bundle_of, embedded, plain
from unseen.study.results import StudyResults, read_results
from unseen.study.verdict import Verdict, analyse


def study_report(folder: Path, *, with_rows: bool = True, out: Path | None = None, format: str = "html") -> Path:
    """Write the page of a study's folder, however far it has come; the path of the page.

    Without `out` it is `report.html` (or `.md`) in the folder, with links to the arms' records; its figures as png go
    into the folder `report-figures` in it. A page never holds the
    texts of rows; one `with_rows` False has no links into the folder either, so that it can be published alone. An
    HTML page carries its results, by which `unseen verify` checks it. Raises `DataMistake` or `ScoreMistake` for a
    folder that is no study's or is damaged.
    """
    results = read_results(Path(folder))
    verdict = analyse(results)
    path = out or Path(folder) / f"report.{format}"
    linked = with_rows and path.resolve().parent == Path(folder).resolve()
    if format == "md":
        return written(study_markdown(results, verdict), path)
    if format == "png":
        return write_figures(study_page(results, verdict, linked), out or Path(folder) / "report-figures")
    return written(embedded(study_page(results, verdict, linked), bundle_of(results, verdict)), path)


def study_json(folder: Path) -> str:
    """The verdict as JSON."""
    results = read_results(Path(folder))
    verdict = analyse(results)
    values = {"study": results.study["study"], "headline": headline(verdict), **plain(verdict)}
    return json.dumps(values, ensure_ascii=False, indent=1)


def study_page(results: StudyResults, verdict: Verdict, linked: bool) -> Markup:
    """The whole page; `linked` into the folder that it lies in."""
    sections = [
        differences(verdict),
        curves(verdict),
        arms_table(results, verdict),
        tasks_section(verdict),
        ways_section(verdict),
        split_section(results),
        made_section(results),
        records_section(results, linked),
    ]
    title = f"Study {results.study['study']}, size {results.study['size']}, {results.study['fingerprint'][:8]}"
    found = [each for each in sections if each is not None]
    return document(title, headline(verdict), tag("h1", title), opening(results, verdict), found)
