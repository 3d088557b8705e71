"""Runs that the studio started: how they stand, watched as they go, stopped and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event as Moment
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import duration
from unseen.studio.draft import Draft
from unseen.studio.events import Event, streamed
from unseen.studio.frame import Page, note
from unseen.studio.job import Job, State, resuming
from unseen.studio.jobs import Jobs
from unseen.studio.pages.planned import plans_of
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.waiting import clock, now_doing
from unseen.studio.workspace import Workspace
from unseen.study.means import memory
from unseen.study.record import NAME as RECORD

EVERY = 1.0  # seconds between two looks at a run
SHOWN = 12  # jobs that are listed
KINDS = {"running": "plain", "stopping": "warn", "finished": "good", "stopped": "plain"}


def routes() -> list[Route]:
    return [
        Route("/start/jobs/{name}", shows(job_page)),
        Route("/start/jobs/{name}/watch", shows(watch)),
        Route("/start/jobs/{name}/stop", shows(stop), methods=["POST"]),
        Route("/start/jobs/{name}/resume", shows(resume), methods=["POST"]),
    ]


def jobs_of(workspace: Workspace) -> Jobs:
    """The jobs of this studio's folder of runs."""
    found: Jobs = workspace.kept("jobs", workspace.runs, lambda: Jobs(workspace.runs))
    return found


def begin(workspace: Workspace, draft: Draft, values: Values) -> Job:
    """Start the run of a sound draft. Raises what `Jobs.start` raises."""
    jobs, wanted = jobs_of(workspace), values.get("run", "").strip()
    name = wanted or jobs.free_name(draft.recipe.name if draft.recipe else "run")
    plans = plans_of(workspace)
    return jobs.start(name, draft.text, plans.memory_mb(draft.text), plans.run_seconds(draft.text))


def running(jobs: Jobs) -> Markup | None:
    """The runs that were started here, the last first, and what memory those that run need."""
    found = jobs.all()
    if not found:
        return None
    rows = [_row(jobs, job) for job in found[:SHOWN]]
    head = tag("tr", *(tag("th", name, scope="col") for name in ("Run", "State", "", "Started", "Recipe")))
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide", tabindex="0")
    more = tag("p", f"and {len(found) - SHOWN} earlier ones") if len(found) > SHOWN else None
    live = [job for job in found if job.process.lives]
    return tag(
        "details",
        tag("summary", f"Runs started here: {len(found)}, {f'{len(live)} running' if live else 'none running now'}"),
        _memory(live) if live else None,
        table,
        more,
        open=bool(live),
        class_="card",
    )


def _memory(live: list[Job]) -> Markup:
    known = [job.memory_mb for job in live if job.memory_mb is not None]
    unknown = f", and {len(live) - len(known)} without a plan need what they need" if len(known) < len(live) else ""
    said = f"{len(live)} running: planned to need {sum(known):,} MB together{unknown}; {memory() >> 20:,} MB are free."
    return tag("p", said, class_="count")


def _row(jobs: Jobs, job: Job) -> Markup:
    state = jobs.state(job)
    name = tag("a", job.name, href=f"/start/jobs/{job.name}")
    cells = [
        name,
        tag("b", state.kind),
        state.line,
        job.began.replace("T", " ").removesuffix("+00:00"),
        _recipe(jobs, job, "Begin from it"),
    ]
    return tag("tr", *(tag("td", each) for each in cells))


def _recipe(jobs: Jobs, job: Job, name: str) -> Markup:
    """The way to a form that begins with what the job was asked."""
    return tag("a", name, href=f"/start?{urlencode({'file': str(jobs.recipe(job))})}")


def job_page(workspace: Workspace, values: Values) -> Shown:
    jobs = jobs_of(workspace)
    job = jobs.job(values["name"])
    state = jobs.state(job)
    going = f"/start/jobs/{job.name}/watch" if state.runs else None
    live = tag("div", _state(job, state), data_stream=going)
    recipe = _recipe(jobs, job, "Begin from this run's recipe")
    another = tag("p", recipe, " · ", tag("a", "Start another", href="/start"))
    parts = [live, _buttons(job, state), _facts(jobs, job), another]
    return Page(job.name, "/start", joined(*parts), wide=True, styles=("start.css",))


def watch(workspace: Workspace, values: Values) -> Shown:
    jobs = jobs_of(workspace)
    return streamed(_looks(jobs, jobs.job(values["name"])))


def stop(workspace: Workspace, values: Values) -> Shown:
    return went_to(f"/start/jobs/{jobs_of(workspace).stop(values['name']).name}")


def resume(workspace: Workspace, values: Values) -> Shown:
    return went_to(f"/start/jobs/{jobs_of(workspace).resume(values['name']).name}")


def _looks(jobs: Jobs, job: Job) -> Iterator[Event]:
    """What changes; when the run has ended, or its buttons would do something else, the page is loaded again."""
    moment, before, buttons = Moment(), "", _can(job)
    while (state := jobs.state(job)).runs and _can(job) == buttons:
        now = _state(job, state)
        yield Event("part", now) if now != before else Event("still")
        before = now
        moment.wait(EVERY)
        try:
            job = jobs.job(job.name)
        except UserMistake:
            break
    yield Event("gone")


def _state(job: Job, state: State) -> Markup:
    done = state.steps
    bar = tag("progress", value=done[0], max=done[1], aria_label="steps done") if done else None
    now = now_doing(state.standing) if state.runs else None
    kind = KINDS.get(state.kind, "wrong")
    log = "\n".join(state.log) or "It has said nothing yet."
    said = tag("pre", log, tabindex="0", class_="log")
    said_now = joined(tag("h2", "What it says"), said)
    line = None if now else joined(": ", state.line)  # said once
    return joined(
        note(kind, tag("p", tag("b", state.kind), line), _time(job) if state.runs else None, bar, now),
        tag("details", tag("summary", "What it said"), said) if state.kind == "finished" else said_now,
    )


def _time(job: Job) -> Markup:
    """How long it has gone on, beside how long it was planned to take in all."""
    planned = f"; its plan says about {duration(job.seconds)} for tuning and asking" if job.seconds else ""
    return tag("p", f"{clock(job.gone_on())} since it was started{planned}", class_="faint")


def _can(job: Job) -> tuple[bool, str]:
    """What the buttons depend on while a run goes on: whether there is a run to see, and what a stop would cost."""
    return (job.run / RECORD).is_file(), resuming(job)


def _buttons(job: Job, state: State) -> Markup:
    is_there, again = _can(job)
    kind = "button" if state.runs else "button main"
    result = tag("a", "See the run", href=f"/runs/{job.name}", class_=kind) if is_there else None
    if state.runs:
        look = tag("a", "Look again", href=f"/start/jobs/{job.name}", class_="button")
        stopped = _form(job, "stop", "Stop", f"Stop this run? {again[:1].upper()}{again[1:]}.")
        return tag("div", stopped, look, result, class_="bar")
    resumed = None if state.kind == "finished" else _form(job, "resume", "Resume", None)
    return tag("div", resumed, result, class_="bar")


def _form(job: Job, deed: str, name: str, sure: str | None) -> Markup:
    button = tag("button", name, data_sure=sure, class_="main" if sure is None else None)
    return tag("form", button, action=f"/start/jobs/{job.name}/{deed}", method="post")


def _facts(jobs: Jobs, job: Job) -> Markup:
    facts = {
        "Run folder": str(job.run),
        "Recipe": str(jobs.recipe(job)),
        "Started": job.began,
        "Process": str(job.process.pid),
        "Planned memory": f"{job.memory_mb:,} MB" if job.memory_mb is not None else "not planned",
    }
    return tag("dl", *(joined(tag("dt", name), tag("dd", said)) for name, said in facts.items()), class_="facts")
