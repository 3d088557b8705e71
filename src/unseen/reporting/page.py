"""`report`: one self-contained HTML page from a run, or a comparison of several. It opens offline and asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unseen.errors import UserMistake
from unseen.phases import Phase
from unseen.progress import phased, say
from unseen.reporting.card import CARD, is_edited, write_card
from unseen.reporting.document import document
from unseen.reporting.figures.png import write_figures
from unseen.reporting.findings import headline
from unseen.reporting.markup import Markup, tag
from unseen.reporting.run_data import RunData, load_run
from unseen.reporting.run_markdown import comparison_markdown, run_markdown
from unseen.reporting.sections.asked_rows import rows_section
from unseen.reporting.sections.comparison import comparison
from unseen.reporting.sections.delia import delia_section
from unseen.reporting.sections.differences import differences_section
from unseen.reporting.sections.examples import examples_section
from unseen.reporting.sections.labels import labels_section
from unseen.reporting.sections.made import left_out_section, made_section
from unseen.reporting.sections.scores import scores_section
from unseen.reporting.sections.split import split_section
from unseen.reporting.sections.tuning import tuning_section
from unseen.reporting.sections.verdict import verdict
from unseen.reporting.without_rows import without_rows
from unseen.reporting.writing import written


def report(folders: Sequence[Path], *, with_rows: bool = True, out: Path | None = None, format: str = "html") -> Path:
    """Write the page of one run folder, or the comparison of several; the path of the page.

    Without `out` it is `report.html` in the run's folder, or `comparison.html` here. Without rows the page holds ids,
    hashes and scores only. A run that was stopped is shown as far as it got. `format` md is Markdown without any rows
    (`report.md`); png are the page's figures, each a file in the folder `report-figures`, whose path is returned.
    Raises `DataMistake` or `ScoreMistake` for a folder that is no run or is damaged, and `MissingExtra` for png
    without the extra `plots`.
    """
    if not folders:
        raise UserMistake("report", "no run folder was named", "name one, or several to compare")
    with phased() as phases:
        phases(Phase("writing the report"))
        runs = [load_run(Path(folder)) for folder in folders]
        if not with_rows:
            runs = [without_rows(run) for run in runs]
        page = _written(runs, out, format)
    if len(runs) == 1 and out is None:
        _leave_card(runs[0])
    return page


def _written(runs: Sequence[RunData], out: Path | None, format: str) -> Path:
    single = len(runs) == 1
    beside = runs[0].folder / "report" if single else Path("comparison")
    if format == "md":
        told = run_markdown(runs[0]) if single else comparison_markdown(runs)
        return written(told, out or beside.with_name(f"{beside.name}.md"))
    page = run_page(runs[0]) if single else comparison(runs)
    if format == "png":
        return write_figures(page, out or beside.with_name(f"{beside.name}-figures"))
    return written(page, out or beside.with_name(f"{beside.name}.html"))


def _leave_card(run: RunData) -> None:
    """The run's model card, made of the same record; never over what a person wrote."""
    card = run.folder / "model" / CARD
    if is_edited(card):
        say(f"left as it is, since it was edited: {card}")
    else:
        write_card(run)


def run_page(run: RunData) -> Markup:
    """The whole page of one run."""
    sections = [
        differences_section(run),
        scores_section(run),
        split_section(run),
        tuning_section(run),
        delia_section(run),
        labels_section(run),
        examples_section(run),
        rows_section(run),
        left_out_section(run),
        made_section(run),
    ]
    title = f"{run.record.name} {run.record.fingerprint[:8]}"
    return document(
        title, headline(run), tag("h1", title), verdict(run), [each for each in sections if each is not None]
    )
