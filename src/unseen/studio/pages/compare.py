"""Compare: two runs or more, their scores side by side, paired differences, curves over each other, and settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from unseen.errors import UserMistake
from unseen.reporting.figures.curve import Line, line_chart
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, whole
from unseen.reporting.run_data import RunRecord, checked_record, load_run
from unseen.reporting.sections.comparison import compared, letter
from unseen.studio.frame import Page, filled
from unseen.studio.pages.run_progress import tick_number
from unseen.studio.pages.run_verdict import MANY
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.reply import Shown, shows, told
from unseen.studio.run_folders import folder_at
from unseen.studio.step_curves import curves_of
from unseen.studio.workspace import Workspace
from unseen.study.record import NAME

MOST = 8  # runs: so many dashes can be told apart


def routes() -> list[Route]:
    return [Route("/compare", compare), Route("/compare-scores", compare_scores)]


async def compare(request: Request) -> Response:
    chosen = request.query_params.getlist("run")
    return await shows(lambda workspace, _: _page(workspace, chosen))(request)


async def compare_scores(request: Request) -> Response:
    chosen = request.query_params.getlist("run")
    return await shows(lambda workspace, _: _scores(workspace, chosen))(request)


def _page(workspace: Workspace, chosen: Sequence[str]) -> Shown:
    """The curves at once, what needs every prediction as soon as it is made."""
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) < 2:
        return Page("Compare runs", "/runs", _too_few(), styles=STYLES)
    if len(chosen) > MOST:
        raise UserMistake("compare", f"{len(chosen)} runs are marked", f"mark {MOST} at most")
    records = [checked_record(folder_at(workspace, path)) for path in chosen]
    at = "/compare-scores?" + urlencode([("run", path) for path in chosen])
    narrow = tag(
        "input", type="search", placeholder="show tasks and settings with these words",
        aria_label="Narrow the tables", data_narrow="#compared", data_key="/",
    )  # fmt: skip
    parts = [
        _named(chosen, records),
        _curves(workspace, chosen),
        tag("div", narrow, class_="bar"),
        filled(at, "Comparing the predictions …", id="compared"),
    ]
    title = f"{counted(len(chosen), 'run')} compared"
    return Page(title, "/runs", joined(*parts), wide=True, styles=STYLES, scripts=("compare.js",))


def _too_few() -> Markup:
    return tag("p", "Mark two runs or more on the page ", tag("a", "Runs", href="/runs"), ".", class_="nothing")


def _named(chosen: Sequence[str], records: Sequence[RunRecord]) -> Markup:
    items = [
        tag("li", _key(place), tag("b", f"{letter(place)}: "), tag("a", path, href=run_path(path)), f" {record.name}")
        for place, (path, record) in enumerate(zip(chosen, records, strict=True))
    ]
    return tag("ul", *items, class_="runs")


def _key(place: int) -> Markup:
    """The dashes and the colour of a run's lines."""
    line = tag("line", x1=0, x2=36, y1=6, y2=6, class_=f"run{place}")
    return tag("svg", line, width=40, height=12, class_="curve dash", aria_hidden="true")


def _curves(workspace: Workspace, chosen: Sequence[str]) -> Markup | None:
    curves = {place: curves_of(workspace, folder_at(workspace, path)) for place, path in enumerate(chosen)}
    figures = []
    for measure, name in (("loss", "Loss"), ("learning_rate", "Learning rate"), ("grad_norm", "Gradient norm")):
        lines = {place: each.points(measure) for place, each in curves.items()}
        lines = {place: points for place, points in lines.items() if points}
        if lines:
            said = "; ".join(f"{letter(n)} from {p[0][1]:.3g} to {p[-1][1]:.3g}" for n, p in lines.items())
            drawn = [Line(points, f"run{place}") for place, points in lines.items()]
            chart = line_chart(drawn, f"{name}: {said}", level=tick_number)
            figures.append(tag("figure", tag("h3", name), chart, tag("figcaption", said)))
    without = [letter(place) for place, each in curves.items() if not len(each.steps)]
    missing = tag("p", f"No steps: {', '.join(without)}.", class_="faint") if without else None
    return joined(tag("h2", "Curves"), tag("div", *figures, class_="two"), missing) if figures else missing


def _scores(workspace: Workspace, chosen: Sequence[str]) -> Page:
    return Page("Runs compared", "/runs", _compared(workspace, chosen), wide=True, styles=STYLES)


def _compared(workspace: Workspace, chosen: Sequence[str]) -> Markup:
    folders = [folder_at(workspace, path) for path in dict.fromkeys(chosen)][:MOST]
    many = [folder for folder in folders if _predictions(checked_record(folder)) > 4 * MANY]
    if many:
        lines = [f"{folder}: {whole(_predictions(checked_record(folder)))} predictions" for folder in many]
        remedy = "Too many to compare while one waits: unseen report RUN RUN writes the same as a page."
        return told("warn", *lines, remedy)
    stamp = tuple((str(file), file.stat().st_mtime_ns) for folder in folders for file in _files(folder))
    key = ("compared", *map(str, folders))
    made: Markup = workspace.kept(key, stamp, lambda: joined(*compared([load_run(each) for each in folders])))
    return made


def _files(folder: Path) -> list[Path]:
    named = (folder / name for name in (NAME, "scores.json", "predictions.parquet"))
    return [file for file in named if file.is_file()]


def _predictions(record: RunRecord) -> int:
    return record.summary.predictions if record.summary else 0
