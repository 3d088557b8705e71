"""`report`: one self-contained HTML page from a run, or a comparison of several. It opens offline and asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unseen.errors import DataMistake, UserMistake
from unseen.reporting.document import document
from unseen.reporting.findings import headline
from unseen.reporting.markup import Markup, tag
from unseen.reporting.run_data import RunData, load_run
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


def report(folders: Sequence[Path], *, with_rows: bool = True, out: Path | None = None) -> Path:
    """Write the page of one run folder, or the comparison of several; the path of the page.

    Without `out` it is `report.html` in the run's folder, or `comparison.html` here. Without rows the page holds ids,
    hashes and scores only. A run that was stopped is shown as far as it got. Raises `DataMistake` or `ScoreMistake` for
    a folder that is no run or is damaged.
    """
    if not folders:
        raise UserMistake("report", "no run folder was named", "name one, or several to compare")
    runs = [load_run(Path(folder)) for folder in folders]
    if not with_rows:
        runs = [without_rows(run) for run in runs]
    page = run_page(runs[0]) if len(runs) == 1 else comparison(runs)
    return written(page, out or (Path(folders[0]) / "report.html" if len(runs) == 1 else Path("comparison.html")))


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
        left_out_section(run),
        made_section(run),
    ]
    title = f"{run.record.name} {run.record.fingerprint[:8]}"
    return document(
        title, headline(run), tag("h1", title), verdict(run), [each for each in sections if each is not None]
    )


def written(page: str, path: Path) -> Path:
    """Write the page whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DataMistake(str(path), f"cannot be written ({error})", "name another file with --out") from None
    return path
