"""The rows behind the numbers: each question in a line, with what was right and what each model said.

A page stays within a bound: every task and template gets its share of it, small ones first, and the lines that do not
fit are counted. predictions.parquet has them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from unseen.evaluation.prediction import Prediction
from unseen.evaluation.task_scores import label_of
from unseen.reporting.anchors import rows_id
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import MODELS, SIDES, counted, metric_name, plain, shots_name, whole
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.rowtext import brief_text
from unseen.reporting.tables import Column, folded, section, table_of_lines

BOUND = 2_500_000  # bytes of all lines of a page: a page is to stay under 5 MB
READING = (
    "Every score and difference above leads here. A line is a row through a template: the question, what is right, "
    "what each model said, and how that was judged. Lines are in an order made from hashes of the rows, the same for "
    "every template. A mean leads to all tasks of its side: it counts those that are judged by its metric and are not "
    "void. A score of rows without overlap leads to all rows of its task."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where questions stand in an evaluation."""

    side: str
    shots: int
    task: str
    template: str


Question = Sequence[Prediction]  # the answers of each model to one question
Lines = Mapping[Place, Sequence[Question]]


def rows_section(run: RunData, bound: int = BOUND, id: str = "rows", of: str = "") -> Markup | None:
    """The section; `bound` are the bytes that its lines may take."""
    lines = _lines(run.predictions)
    if not lines:
        return None
    shown = _shown(lines, bound)
    hidden = sum(map(len, lines.values())) - sum(map(len, shown.values()))
    told = f" {counted(hidden, 'line')} did not fit into this page; predictions.parquet has them." if hidden else ""
    groups: dict[tuple[str, int], list[Place]] = {}
    for place in lines:
        groups.setdefault((place.side, place.shots), []).append(place)
    ordered = sorted(groups, key=lambda key: (key[0] != "unseen", key[1]))
    parts = [_group(run, *key, groups[key], lines, shown) for key in ordered]
    return section(id, f"The rows behind the numbers{of}", tag("p", READING + told), *parts)


def _lines(predictions: Sequence[Prediction]) -> Lines:
    """Questions by place, in the order of their rows' hashes."""
    found: dict[Place, dict[tuple[object, ...], list[Prediction]]] = {}
    for each in predictions:
        place = Place(each.side, each.shots, each.task, each.template)
        found.setdefault(place, {}).setdefault((*each.row_id, each.seed), []).append(each)
    return {place: sorted(questions.values(), key=_order) for place, questions in found.items()}


def _order(question: Question) -> tuple[str, int]:
    split, row = question[0].row_id
    return sha256(f"{split} {row}".encode()).hexdigest(), question[0].seed


def _shown(lines: Lines, bound: int) -> Mapping[Place, list[Markup]]:
    """As many lines of each place as its share allows; what a small place leaves over, larger ones get."""
    shown: dict[Place, list[Markup]] = {}
    left = bound
    for number, place in enumerate(sorted(lines, key=lambda each: len(lines[each]))):
        share, several = left // (len(lines) - number), len({q[0].seed for q in lines[place]}) > 1
        models = _models(lines[place])
        shown[place] = []
        for question in lines[place]:
            cells = joined(*(tag("td", cell) for cell in _cells(question, models, several)))
            share -= len(cells.encode())
            if share < 0:
                break
            left -= len(cells.encode())
            shown[place].append(cells)
    return shown


def _models(questions: Sequence[Question]) -> list[str]:
    asked = {label_of(each) for question in questions for each in question}
    return [model for model in MODELS if model in asked] + sorted(asked - set(MODELS))


def _cells(question: Question, models: Sequence[str], several: bool) -> Iterator[Child]:
    one, answers = question[0], {label_of(each): each for each in question}
    yield f"{one.split}[{one.row}]" + (f", seed {one.seed}" if several else "")
    yield brief_text(one.prompt)
    yield brief_text(one.references[0]) if one.references else ""
    for model in models:
        yield brief_text(answers[model].text) if model in answers else "not asked"
        yield _judged(answers[model]) if model in answers else ""


def _judged(answer: Prediction) -> str:
    values = answer.values
    if len(values) == 1:
        return plain(next(iter(values.values())))
    return ", ".join(f"{metric_name(name)} {plain(value)}" for name, value in values.items()) or "not by itself"


def _group(
    run: RunData, side: str, shots: int, places: Sequence[Place], lines: Lines, shown: Mapping[Place, list[Markup]]
) -> Markup:
    tasks = dict.fromkeys(place.task for place in places)
    parts = [_task(run, [place for place in places if place.task == task], lines, shown) for task in tasks]
    return joined(tag("h3", f"{SIDES[side].capitalize()}, {shots_name(shots)}", id=rows_id(run, side, shots)), *parts)


def _task(run: RunData, places: Sequence[Place], lines: Lines, shown: Mapping[Place, list[Markup]]) -> Markup:
    first = places[0]
    questions = sum(len(lines[place]) for place in places)
    templates = counted(len(places), "template")
    metrics = dict.fromkeys(metric for place in places for metric in lines[place][0][0].metrics)
    judged = f", judged by {', '.join(map(metric_name, metrics))}" if metrics else ""
    void = "; void" if first.side == "unseen" and first.task in run.void else ""
    summary = joined(tag("b", first.task), f", {counted(questions, 'line')}, {templates}{judged}{void}")
    parts = [_template(run, place, lines[place], shown[place]) for place in places]
    opened = tag("span", id=rows_id(run, first.side, first.shots, first.task))
    return folded(summary, opened, *parts)


def _template(run: RunData, place: Place, questions: Sequence[Question], shown: Sequence[Markup]) -> Markup:
    heads = [Column("row"), Column("question"), Column("right")]
    for model in _models(questions):
        heads += [Column(f"{MODELS.get(model, model)} said"), Column("judged")]
    id = rows_id(run, place.side, place.shots, place.task, place.template)
    many = f"{whole(len(shown))} of {counted(len(questions), 'line')}"
    return joined(
        tag("h4", f"{place.template}: {many}", id=id), table_of_lines(heads, shown, f"Rows of {place.template}")
    )
