"""Several runs on one page: their verdicts, what differs in their settings, and the same tasks side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from unseen.evaluation.task_scores import ScoreRow
from unseen.reporting.anchors import behind_score, leading
from unseen.reporting.contest import Contest, contests
from unseen.reporting.document import document
from unseen.reporting.figures.scale import SCORES
from unseen.reporting.figures.strips import before_and_after
from unseen.reporting.findings import ends, headline, is_void, medians, settings, unseen_findings
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import SIDES, counted, limits, metric_name, plain, scored, shots_name
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.asked_rows import BOUND, rows_section
from unseen.reporting.sections.differences import Change, change_of_mean, forest, task_name
from unseen.reporting.sections.made import flat
from unseen.reporting.sections.scores import score_strips
from unseen.reporting.sections.verdict import asked, mean_of
from unseen.reporting.tables import Cell, Column, Row, section, table

Named = Sequence[tuple[str, RunData]]
NO_CHOICE = (
    "This page recommends no run. Whoever picks one by its unseen scores makes the unseen side a part of the tuning; "
    "pick by the seen side, then read the unseen scores once."
)


def comparison(runs: Sequence[RunData]) -> Markup:
    """The whole page. Runs are called A, B, C and so on, in the order given."""
    title = f"{counted(len(runs), 'run')} compared"
    opening = tag("p", NO_CHOICE, class_="asked")
    return document(title, f"{title} with unseen", tag("h1", title), opening, compared(runs))


def compared(runs: Sequence[RunData]) -> list[Markup]:
    """The sections of the page."""
    named = [(letter(place), run) for place, run in enumerate(runs)]
    found = [_verdicts(named), _paired(named), _side_by_side(named), _settings(named)]
    found += _rows(named)
    return [each for each in found if each is not None]


def letter(place: int) -> str:
    return ascii_uppercase[place] if place < 26 else f"run {place + 1}"


def _rows(named: Named) -> Iterator[Markup | None]:
    """The rows behind the numbers of each run, in its share of the page; of a run that is named twice once."""
    runs = {run.folder: (name, run) for name, run in reversed(named)}
    for name, run in reversed(runs.values()):
        yield rows_section(run, BOUND // len(runs), f"rows-of-{name}".replace(" ", "-"), f" of {name}")


def _verdicts(named: Named) -> Markup:
    items = [
        tag(
            "li",
            tag("b", f"{name}: {run.record.name} {run.record.fingerprint[:8]}. "),
            tag("span", headline(run), class_=f"said {_effect(run)}"),
            *_measured(run),
            tag("br"),
            tag("small", asked(run), " ", tag("code", str(run.folder))),
        )
        for name, run in named
    ]
    return section("verdict", "Verdicts", tag("ul", *items, class_="runs"))


def _effect(run: RunData) -> str:
    unseen = unseen_findings(run)
    return unseen[0].effect if unseen else "open"


def _measured(run: RunData) -> Iterator[Child]:
    for first in unseen_findings(run)[:1]:
        yield f" {metric_name(first.metric).capitalize()}, {shots_name(first.shots)}, tuned minus base: "
        yield mean_of(run, first.difference)


def _paired(named: Named) -> Markup | None:
    """The last models of two runs on the questions that both were asked."""
    first, parts = named[0], []
    for name, run in named[1:]:
        contest = contests(first[1], run)
        parts += [tag("h3", f"{name} minus {first[0]}"), *_contest(run, contest)]
    text = (
        "Later runs against the first, on the rows, templates and shots that both were asked, by paired differences: "
        "rows that are easy for both count once. Tasks whose rows differ between the runs are left out and named."
    )
    return section("paired", "The runs against each other", tag("p", text), *parts) if parts else None


def _contest(run: RunData, contest: Contest) -> Iterator[Markup]:
    for side, metric in settings(contest.rows):
        means = [each for each in contest.means if (each.side, each.metric) == (side, metric) and len(each.tasks) > 1]
        rows = [row for row in contest.rows if (row.side, row.metric) == (side, metric)]
        changes = [
            *(change_of_mean(run, mean) for mean in means),
            *(_change(run, row) for row in rows),
        ]
        title = f"{metric_name(metric)}, {SIDES[side]}"
        yield joined(tag("h4", title), forest(changes, title))
    yield tag("p", contest.told, class_="note")


def _change(run: RunData, row: ScoreRow) -> Change:
    rows, between = behind_score(run, row), ends(row)
    return Change(row.task, str(row.task), row.shots, row.score, between, row.count, row.detectable, rows=rows)


def _side_by_side(named: Named) -> Markup | None:
    rows = [row for _, run in named for row in medians(run.scores)]
    if not rows:
        return None
    parts = [_task_table(named, side, metric) for side, metric in settings(rows)]
    text = "Base above tuned, each with its 95 % interval for new rows. Medians over templates."
    keys = [tag("li", tag("span", class_=f"key {name}"), name) for name in ("base", "tuned")]
    return section("scores", "Task by task", tag("p", text), tag("ul", *keys, class_="keys"), *parts)


def _task_table(named: Named, side: str, metric: str) -> Markup:
    tasks = dict.fromkeys(
        (str(row.task), row.shots)
        for _, run in named
        for row in medians(run.scores)
        if (row.side, row.metric) == (side, metric)
    )
    rows = [line for task, shots in sorted(tasks) for line in _task_lines(named, side, metric, task, shots)]
    return score_strips(side, metric, ("run", "base above tuned, 95 %, rows", "tuned minus base"), rows)


def _task_lines(named: Named, side: str, metric: str, task: str, shots: int) -> Iterator[Row]:
    """A line a run that was asked the task; the others have none."""
    for name, run in named:
        wanted = (task, side, metric, shots)
        found = {r.model: r for r in medians(run.scores) if (r.task, r.side, r.metric, r.shots) == wanted}
        if not found:
            continue
        void = is_void(run, task, side)
        models = [(model, found[model].score, ends(found[model])) for model in ("base", "tuned") if model in found]
        told = "; ".join(f"{model} {plain(score)} {limits(between)}" for model, score, between in models)
        both = joined(*(tag("div", _score(run, found[model], void)) for model, *_ in models))
        change = _score(run, found["difference"], void) if "difference" in found else None
        strip = before_and_after(SCORES, models, f"{task}, {shots_name(shots)}, run {name}: {told}")
        yield (
            task_name(run, task, side),
            Cell(shots_name(shots), shots),
            name,
            strip,
            Cell(both, models[-1][1]),
            Cell(change, found["difference"].score if change else None),
        )


def _score(run: RunData, row: ScoreRow, void: bool) -> Markup:
    shown = scored(row.score, ends(row), row.count, row.model)
    return leading(tag("s", shown) if void else shown, behind_score(run, row))


def _settings(named: Named) -> Markup:
    """Recipe, model and versions, as far as they differ."""
    facts = [_facts(run) for _, run in named]
    keys = dict.fromkeys(key for each in facts for key in each)
    differing = [key for key in keys if len({each.get(key) for each in facts}) > 1]
    if not differing:
        same = "The runs have the same settings, model and versions."
        return section("settings", "What differs in the settings", tag("p", same))
    columns = [Column("setting"), *(Column(name) for name, _ in named)]
    rows: list[Row] = [(key, *(each.get(key, "not set") for each in facts)) for key in differing]
    return section("settings", "What differs in the settings", table(columns, rows, "Settings that differ"))


def _facts(run: RunData) -> dict[str, str]:
    record = run.record
    return {
        **flat(record.recipe),
        "model's weights": record.model.digest[:16],
        **{f"rows of {name}": digest[:16] for name, digest in record.rows.items()},
        **{f"version of {name}": version for name, version in record.versions.items()},
        "fingerprint": record.fingerprint[:16],
    }
