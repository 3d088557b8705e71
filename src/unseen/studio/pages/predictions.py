"""Predictions: every question of a run with the answers of base and tuned, filtered by who was right."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.evaluation.prediction import Prediction
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import SIDES, counted, metric_name, plain, row_name, shots_name, whole
from unseen.reporting.pairs import Pair
from unseen.studio.frame import Page, choice, filled, nothing
from unseen.studio.pages.prediction import FILTERS, kind_of, prediction
from unseen.studio.pages.prediction_tokens import prediction_tokens
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.prediction_table import KINDS, Table, table_of
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.run_folders import folder_at
from unseen.studio.values import from_of
from unseen.studio.workspace import Workspace

PAGE = 20
NOW = "now"  # in an address: the list is a part of the page, not asked for by its script
BEGINNING = 160  # characters of a text in the list
ASKED = {"False": "with instructions", "True": "plain prompts"}
READING = (
    "A number beside an answer is its score, from 0 to 100, by the metric that is named; it is no probability. The "
    "log-probabilities of choices stand on the page of each question. The number of a row, as in test[49], is that of "
    "its record in the file, counted from 0: few rows may have large numbers."
)
RIGHT_OR_WRONG = ("accuracy", "exact_match")  # of one answer they say no more
SIGNS = {"right by both": "✓✓", "mended by tuning": "✗✓", "broken by tuning": "✓✗", "wrong by both": "✗✗"}


def routes() -> list[Route]:
    return [
        Route("/predictions/{path:path}", shows(predictions)),
        Route("/prediction-list/{path:path}", shows(listed)),
        Route("/prediction/{number}/{path:path}", shows(prediction)),
        Route("/prediction-tokens/{number}/{path:path}", shows(prediction_tokens)),
    ]


def predictions(workspace: Workspace, values: Values) -> Shown:
    """A page that asks for its list, which takes 3 s a million predictions the first time, or has it already."""
    path = values["path"]
    folder_at(workspace, path)
    back = tag("p", tag("a", "Back to the run", href=run_path(path)), class_="paging")
    title = f"Predictions of {path}"
    if values.get(NOW):
        return Page(title, "/runs", joined(back, _listed(workspace, values)), wide=True, styles=STYLES)
    query = urlencode({name: each for name, each in values.items() if name != "path" and each})
    at = run_path(path, "prediction-list") + (f"?{query}" if query else "")
    body = joined(back, filled(at, "Reading the predictions …"))
    return Page(title, "/runs", body, wide=True, styles=STYLES)


def listed(workspace: Workspace, values: Values) -> Shown:
    title = f"Predictions of {values['path']}"
    return Page(title, "/runs", _listed(workspace, values), wide=True, styles=STYLES)


def _listed(workspace: Workspace, values: Values) -> Markup:
    """Filters and the questions that pass them; the form replaces the list below itself."""
    path = values["path"]
    table = table_of(workspace, folder_at(workspace, path))
    wanted = {"plain": "False", **{name: values[name] for name in FILTERS if name in values}}
    chosen = table.where(wanted)
    start = min(from_of(values), max(0, len(chosen) - 1))
    found, looked = table.searched(chosen[start:], values.get("q", ""), PAGE)
    parts = [
        _counts(table, path, values, wanted),
        _rows(table, path, found, wanted),
        _paging(path, values, start, looked, len(chosen)),
    ]
    return joined(_filters(table, path, wanted, values), tag("div", *parts, id="questions"))


def _filters(table: Table, path: str, wanted: Values, values: Values) -> Markup:
    selects: list[Markup] = [choice("kind", _kinds(table), wanted.get("kind", ""), aria_label="Who was right")]
    for name, every, shown in (
        ("task", "every task", str),
        ("template", "every template", str),
        ("side", "both sides", _side),
        ("shots", "all shots", _shots),
        ("plain", "", ASKED.__getitem__),
    ):
        names = sorted(map(str, table.columns[name].names))
        if len(names) > 1:
            options = [("", every)] if every else []
            options += [(each, shown(each)) for each in names]
            selects.append(choice(name, options, wanted.get(name, ""), aria_label=every or "How it was asked"))
    words = tag(
        "input", type="search", name="q", value=values.get("q", ""),
        placeholder="words of a prompt or an answer", aria_label="Search", data_key="/",
    )  # fmt: skip
    now, search = tag("input", type="hidden", name=NOW, value="1"), tag("button", "Search")
    action = run_path(path, "predictions")
    return tag("form", now, words, *selects, search, action=action, method="get", class_="bar", data_live="#questions")


def _side(side: str) -> str:
    return SIDES.get(side, side)


def _shots(shots: str) -> str:
    return shots_name(int(shots))


def _kinds(table: Table) -> list[tuple[str, str]]:
    there = {KINDS[each] for each in set(table.kind.tolist())} if len(table) < 10_000 else set(KINDS)
    return [("", "whoever was right"), *((kind, kind) for kind in KINDS if kind in there)]


def _counts(table: Table, path: str, values: Values, wanted: Values) -> Markup:
    """How many questions of each kind the other filters leave, each a link to these."""
    found = table.counts(table.where({**wanted, "kind": ""}))
    kept = {name: each for name, each in values.items() if name not in ("path", "from", "kind")} | {NOW: "1"}
    links = [
        tag(
            "li",
            tag("a", kind, href=f"{run_path(path, 'predictions')}?{urlencode({**kept, 'kind': kind})}"),
            f" {whole(count)}",
            class_="now" if wanted.get("kind") == kind else None,
        )
        for kind, count in found.items()
    ]
    return tag("ul", *links, class_="kinds")


def _rows(table: Table, path: str, found: Sequence[int], wanted: Values) -> Markup:
    if not found:
        return nothing("No question passes these filters.")
    query = urlencode({name: each for name, each in wanted.items() if each})
    names = ("Asked", "Prompt", "Base", "Tuned", "Right")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    rows = [
        _row(f"{run_path(path, f'prediction/{each}')}?{query}", pair, kind_of(table, each))
        for each, pair in zip(found, table.pairs(found), strict=True)
    ]
    shown = tag("div", tag("table", head, tag("tbody", *rows), class_="questions"), class_="wide", tabindex="0")
    return joined(tag("p", READING, class_="faint"), shown)


def _row(at: str, pair: Pair, kind: str) -> Markup:
    one = pair.question
    where = tag("a", f"{one.task}, {row_name(one.split, one.row)}", href=at)
    asked = joined(where, tag("br"), tag("small", f"{one.template}, {shots_name(one.shots)}"))
    judged = joined(tag("span", SIGNS.get(kind, ""), aria_hidden="true"), " ", kind)
    cells: list[tuple[str, Child]] = [
        ("", asked),
        ("", tag("bdi", _beginning(one.prompt), class_="row")),
        ("base ", _said(pair.base)),
        ("tuned ", _said(pair.tuned)),
        ("", tag("small", judged)),
    ]
    return tag("tr", *(tag("td", shown, data_head=head or None) for head, shown in cells))


def _said(answer: Prediction | None) -> Child:
    if answer is None:
        return tag("span", "not asked", class_="faint")
    score = tag("small", *_score(answer), title=_judge(answer), class_="score")
    return joined(tag("bdi", _beginning(answer.text), class_="row"), score)


def _judge(answer: Prediction) -> str:
    judge = next((name for name in answer.metrics if name in answer.values), None)
    return "" if judge is None else f"{metric_name(judge)} {plain(answer.values[judge])}, from 0 to 100, no probability"


def _score(answer: Prediction) -> tuple[str, ...]:
    """What the metric gives that judges the answer by itself; in a word where it can only be right or wrong."""
    judge = next((name for name in answer.metrics if name in answer.values), None)
    if judge is None:
        return ()
    value = answer.values[judge]
    if judge in RIGHT_OR_WRONG and value in (0.0, 100.0):
        return (" ✓ right",) if value else (" ✗ wrong",)
    return (f" {metric_name(judge)} {plain(value)}",)


def _beginning(text: str) -> str:
    """The end of a prompt says more than its beginning, which all rows share; both, where there is room."""
    line = " ".join(text[: 4 * BEGINNING].split()) if len(text) > 8 * BEGINNING else " ".join(text.split())
    if len(line) <= BEGINNING:
        return line or "(nothing)"
    tail = " ".join(text[-2 * BEGINNING :].split())[-BEGINNING // 2 :]
    return f"{line[: BEGINNING // 2]} … {tail}"


def _paging(path: str, values: Values, start: int, looked: int, count: int) -> Markup | None:
    kept = {name: each for name, each in values.items() if name not in ("path", "from")} | {NOW: "1"}
    at = run_path(path, "predictions")
    links = []
    if start:
        before = {**kept, "from": max(0, start - PAGE)} if not values.get("q") else kept
        links.append(tag("a", "earlier" if not values.get("q") else "from the first", href=f"{at}?{urlencode(before)}"))
    if start + looked < count:
        links.append(tag("a", "later", href=f"{at}?{urlencode({**kept, 'from': start + looked})}", data_key="n"))
    what = "looked through" if values.get("q") else "shown"
    told = f"{whole(start + 1)} to {whole(start + looked)} of {counted(count, 'question')} {what} "
    return tag("p", told, *links, class_="paging") if count else None
