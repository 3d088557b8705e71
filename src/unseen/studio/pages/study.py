"""A study's folder: its arms and seeds with their states, and its page in a frame of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from starlette.routing import Route

from unseen.errors import DataMistake
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, duration
from unseen.reporting.tables import Cell, Column, Row, table
from unseen.studio.frame import Page, note
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.run_folders import folder_at
from unseen.studio.sandboxed import page_in, sandboxed
from unseen.studio.workspace import Workspace
from unseen.study.record import NAME
from unseen.study.results import ArmResult, StudyResults, read_results
from unseen.study.study_folder import STUDY

SIGNS = {"finished": "✓", "running": "▶", "stopped": "■", "failed": "!", "waiting": "…"}


def routes() -> list[Route]:
    return [Route("/study-report/{path:path}", shows(study_report))]


def study(workspace: Workspace, values: Values) -> Shown:
    """What it asks, how far each arm and seed is, and what it found so far."""
    path = values["path"]
    results = _results(folder_at(workspace, path))
    parts = [_asked(results), _standing(results), _arms(workspace, path, results), _page(path, results)]
    title = f"Study {results.study['study']}"
    return Page(title, "/runs", joined(*parts), wide=True, styles=STYLES)


def _results(folder: Path) -> StudyResults:
    """Raises `DataMistake` for a study.json that says something else than a study's."""
    try:
        return read_results(folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"cannot be understood ({type(error).__name__}: {error})"
        raise DataMistake(str(folder / STUDY), what, "bring back the file that the study wrote") from None


def _asked(results: StudyResults) -> Markup:
    said = results.study
    facts = {
        "Question": said.get("question"),
        "Paper": _paper(said.get("paper")),
        "Size": said.get("size"),
        "Begun": said.get("started"),
        "Folder": results.folder,
    }
    pairs = [joined(tag("dt", name), tag("dd", str(value))) for name, value in facts.items() if value]
    return tag("dl", *pairs, class_="facts")


def _paper(said: object) -> str:
    return ": ".join(map(str, said.values())) if isinstance(said, dict) else str(said or "")


def _standing(results: StudyResults) -> Markup:
    states = Counter(arm.state for arm in results.arms)
    told = ", ".join(f"{count} {name}" for name, count in states.items())
    failed = [f"{arm.name} seed {arm.seed}: {arm.error}" for arm in results.arms if arm.error]
    wrong = note("wrong", *(tag("p", line) for line in failed)) if failed else None
    return joined(tag("p", f"{counted(len(results.arms), 'run')}: {told}.", class_="count"), wrong)


def _arms(workspace: Workspace, path: str, results: StudyResults) -> Markup:
    columns = [
        Column("arm"),
        Column("seed", "number"),
        Column("state"),
        Column("against"),
        Column("varied"),
        Column("time", "number"),
    ]
    rows = [_arm(path, results.folder, arm) for arm in results.arms]
    return joined(tag("h2", "Arms"), table(columns, rows, "Arms and seeds"))


def _arm(path: str, folder: Path, arm: ArmResult) -> Row:
    below = arm.folder.relative_to(folder).as_posix()
    name: Child = tag("a", arm.name, href=run_path(f"{path}/{below}")) if arm.record else arm.name
    varied = ", ".join(f"{key}: {value}" for key, value in arm.about.items())
    state = tag("span", tag("span", SIGNS[arm.state], aria_hidden="true"), " ", arm.state, class_=f"state {arm.state}")
    seconds = arm.spent or arm.seconds
    spent = Cell(duration(seconds) if seconds else "", seconds)
    return (name, Cell(str(arm.seed), arm.seed), state, arm.against or "nothing", varied, spent)


def _page(path: str, results: StudyResults) -> Markup:
    if not any(arm.finished for arm in results.arms):
        return tag("p", "Its page comes when the first arm is finished.", class_="nothing")
    at = run_path(path, "study-report")
    alone = tag("a", "open it alone", href=at, target="_blank", rel="noopener")
    frame = tag("iframe", src=at, title="The page of this study", loading="lazy", sandbox="")
    told = tag("p", "Made from what its arms hold now; ", alone, ".")
    return joined(tag("h2", "What it found"), told, tag("div", frame, class_="embedded"))


def study_report(workspace: Workspace, values: Values) -> Shown:
    """The page that lies in the study's folder, made again where an arm is newer than it."""
    folder = folder_at(workspace, values["path"])
    stamp = _stamp(folder)
    page: str = workspace.kept(("study page", str(folder)), stamp, lambda: page_in(folder, stamp) or _made(folder))
    return sandboxed(page)


def _stamp(folder: Path) -> int:
    """When an arm last came further, in nanoseconds."""
    files = [folder / STUDY, *folder.glob(f"arms/*/*/{NAME}"), *folder.glob("arms/*/*.json")]
    return max((file.stat().st_mtime_ns for file in files if file.is_file()), default=0)


def _made(folder: Path) -> str:
    from unseen.reporting.study_page import study_page
    from unseen.study.verdict import analyse

    results = _results(folder)
    return study_page(results, analyse(results), linked=False)
