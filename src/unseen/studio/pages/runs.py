"""Runs: every run folder, study and folder of diverse data below the folder of runs, the newest first, searched."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.routing import Route

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, whole
from unseen.studio.frame import Page, choice, nothing
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.run_folders import Entry, entries
from unseen.studio.workspace import Workspace

PAGE = 50
STYLES = ("runs.css",)
SIGNS = {"done": "✓", "running": "▶", "stopped": "■", "damaged": "!"}  # never colour alone
STATES = [("", "every state"), *((name, name) for name in SIGNS)]
KINDS = [
    ("", "runs and all else"),
    ("run", "runs"),
    ("study", "studies"),
    ("diverse", "diverse data"),
    ("damaged", "damaged"),
]


def routes() -> list[Route]:
    return [Route("/runs", shows(runs))]


def runs(workspace: Workspace, values: Values) -> Shown:
    """All folders whose path, name, model or tasks hold every word of the search."""
    there = entries(workspace)
    if not there:
        return Page("Runs", "/runs", _none_yet(workspace), styles=STYLES)
    found = _found(there, values)
    start = _number(values.get("from"))
    parts = [_counted(there, found), _table(found[start : start + PAGE]), _paging(values, start, len(found))]
    listed = tag("div", *parts, id="found")
    comparing = tag("form", listed, action="/compare", method="get")
    return Page("Runs", "/runs", joined(_search(values), comparing), wide=True, styles=STYLES)


def _none_yet(workspace: Workspace) -> Markup:
    where = tag("code", str(workspace.runs.absolute()))
    start = tag("a", "Start", href="/start")
    return joined(
        tag("p", "No run lies in ", where, " yet.", class_="nothing"),
        tag(
            "p", "Begin one on the page ", start, ", or with ", tag("code", "unseen tune RECIPE"), "; it shows up here."
        ),
        tag("p", "Runs that lie elsewhere: ", tag("code", "unseen studio --runs FOLDER"), "."),
    )


def _search(values: Values) -> Markup:
    words = tag(
        "input",
        type="search",
        name="q",
        value=values.get("q", ""),
        placeholder="words of a name, a model, a task",
        aria_label="Search",
        data_key="/",
    )
    kind = choice("kind", KINDS, values.get("kind", ""), aria_label="Kind")
    state = choice("state", STATES, values.get("state", ""), aria_label="State")
    button = tag("button", "Search")
    return tag("form", words, kind, state, button, action="/runs", method="get", class_="bar", data_live="#found")


def _found(there: Sequence[Entry], values: Values) -> list[Entry]:
    wanted, kind, state = values.get("q", "").lower().split(), values.get("kind", ""), values.get("state", "")
    chosen = [each for each in there if kind in ("", each.kind) and state in ("", each.state)]
    return [each for each in chosen if all(word in each.searched for word in wanted)]


def _counted(there: Sequence[Entry], found: Sequence[Entry]) -> Markup:
    runs_here = sum(each.kind == "run" for each in found)
    compare = tag("button", "Compare the marked runs") if runs_here > 1 else None
    return tag("p", f"{whole(len(found))} of {counted(len(there), 'folder')}. ", compare, class_="count")


def _table(found: Sequence[Entry]) -> Markup:
    if not found:
        return nothing("Nothing matches. Take a word away, or choose every state.")
    names = ("", "What", "State", "Steps or arms", "Found", "Model", "Begun")
    heads = [tag("th", name or tag("span", "Mark", class_="unshown"), scope="col") for name in names]
    body = tag("tbody", *map(_row, found))
    return tag(
        "div", tag("table", tag("thead", tag("tr", *heads)), body, class_="folders"), class_="wide", tabindex="0"
    )


def _row(each: Entry) -> Markup:
    mark = tag("input", type="checkbox", name="run", value=each.path, aria_label=f"Mark {each.path}")
    cells: list[tuple[str, Child]] = [
        ("", mark if each.kind == "run" else None),
        ("", _named(each)),
        ("State", state_shown(each.state)),
        ("Steps or arms", _progress(each)),
        ("Found", tag("span", each.told, class_="warn" if each.kind == "damaged" else None)),
        ("Model", each.model),
        ("Begun", tag("time", each.started[:16].replace("T", " "), datetime=each.started)),
    ]
    return tag("tr", *(tag("td", shown, data_head=head or None) for head, shown in cells))


def _named(each: Entry) -> Markup:
    shown = each.path if each.kind == "damaged" else tag("a", each.path, href=entry_path(each))
    word = "diverse data" if each.kind == "diverse" else each.kind
    kind = word if each.name == each.path else f"{word} of {each.name}"
    return joined(shown, tag("br"), tag("small", kind))


def entry_path(each: Entry) -> str:
    if each.kind == "diverse":
        return "/diversity?" + urlencode({"file": f"runs:{each.path}"})
    return run_path(each.path)


def run_path(path: str, page: str = "runs") -> str:
    return f"/{page}/{quote(path, safe='/')}"


def state_shown(state: str) -> Markup:
    """A sign and the word."""
    sign = tag("span", SIGNS[state], aria_hidden="true")
    return tag("span", sign, " ", state, class_=f"state {state}")


def _progress(each: Entry) -> Child:
    if not each.planned:
        return whole(each.done) if each.done else "not yet"
    share = tag("progress", value=each.done, max=each.planned, aria_hidden="true") if each.state != "done" else None
    return joined(f"{whole(each.done)} of {whole(each.planned)} ", share)


def _paging(values: Values, start: int, count: int) -> Markup | None:
    if count <= PAGE:
        return None
    kept = {name: values[name] for name in ("q", "kind", "state") if values.get(name)}
    links = [
        tag("a", name, href="/runs?" + urlencode({**kept, "from": at}))
        for name, at in (("newer", start - PAGE), ("older", start + PAGE))
        if 0 <= at < count
    ]
    return tag("p", f"{start + 1} to {min(start + PAGE, count)} of {count} ", *links, class_="paging")


def _number(given: str | None) -> int:
    return min(int(given[:9]), 10**9) if given and given.isdecimal() else 0
