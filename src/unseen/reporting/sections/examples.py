"""Ten examples of each kind: right by both models, mended by tuning, broken by it, wrong by both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unseen.evaluation.prediction import Prediction
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import CHOSEN, RIGHT, SIDES, counted, metric_name, plain, shots_name, whole
from unseen.reporting.pairs import SHOWN, Pair, by_kind, chosen_pairs, pairs_of
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.rowtext import row_text, short_text
from unseen.reporting.tables import Column, bare_table, folded, section

ASKED = {"choose": "chosen among answers", "generate": "generated"}
REFERENCES = 5  # of those that count as right


def examples_section(run: RunData) -> Markup | None:
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs_of(run.predictions):
        groups.setdefault((pair.question.side, pair.question.kind), []).append(pair)
    if not groups:
        return None
    text = f"Up to {SHOWN} of each kind, from each task in turn, in an order made from hashes: nobody picked them."
    hidden = " Hashes stand for the texts of rows, which this page leaves out." if run.hidden else ""
    ordered = sorted(groups, key=lambda key: (key[0] != "unseen", key[1]))
    return section("examples", "Examples", tag("p", text + hidden), *(_group(*key, groups[key]) for key in ordered))


def _group(side: str, asked: str, pairs: Sequence[Pair]) -> Markup:
    kinds = by_kind(pairs)
    judges = {metric_name(next(iter(pair.question.values), "")) for pair in pairs} - {""}
    found = ", ".join(f"{whole(len(each))} {kind}" for kind, each in kinds.items())
    counts = f"{counted(len(pairs), 'question')} (a row through a template at a number of shots)"
    judged = f", judged by {' or '.join(sorted(judges))}" if judges else ""
    title = f"{SIDES[side].capitalize()}, {ASKED[asked]}"
    return joined(
        tag("h3", title),
        tag("p", f"{counts}{judged}: {found}."),
        *(_kind(kind, each) for kind, each in kinds.items()),
    )


def _kind(kind: str, pairs: Sequence[Pair]) -> Markup:
    shown = chosen_pairs(pairs)
    return folded(joined(tag("b", kind), f", {len(shown)} of {whole(len(pairs))}"), *map(_example, shown))


def _example(pair: Pair) -> Markup:
    one = pair.question
    where = f"{one.task}, {one.template}, row {one.split}[{one.row}], {shots_name(one.shots)}"
    cut = ", prompt cut to fit" if one.cut else ""
    return tag("article", tag("h4", where + cut), row_text(one.prompt), answers_of(pair), class_="example")


def answers_of(pair: Pair) -> Markup:
    """What each model chose, with the log-probabilities of all choices, or said, beside what counts as right."""
    return _choices(pair) if pair.question.choices else _texts(pair)


def _choices(pair: Pair) -> Markup:
    """Every choice with each model's log-probability; the chosen and the right one are marked."""
    columns = [Column("choice"), *(Column(f"{name}, log-probability", "number", name) for name, _ in pair.answers)]
    rows = [
        [_choice(pair.question, place), *(_log_prob(each, place, name) for name, each in pair.answers)]
        for place in range(len(pair.question.choices))
    ]
    return bare_table(columns, rows, "Choices with their log-probabilities in nats")


def _choice(prediction: Prediction, place: int) -> Markup:
    right = tag("span", f" {RIGHT}", class_="right") if place == prediction.correct else None
    return joined(short_text(prediction.choices[place]), right)


def _log_prob(prediction: Prediction, place: int, name: str) -> Child:
    shown = plain(prediction.log_probs[place], 2) if place < len(prediction.log_probs) else ""
    if place != prediction.chosen:
        return shown
    return tag("b", f"{CHOSEN} ", shown, class_=f"chosen {name}")


def _texts(pair: Pair) -> Markup:
    """What was generated, beside what counts as right."""
    said: list[tuple[str, str, Mapping[str, float]]] = [
        *((f"{name} said", each.text, each.values) for name, each in pair.answers),
        *(("counts as right", reference, {}) for reference in pair.question.references[:REFERENCES]),
    ]
    more = len(pair.question.references) - REFERENCES
    items = [joined(tag("dt", title, _values(values)), tag("dd", row_text(text))) for title, text, values in said]
    return joined(tag("dl", *items), tag("p", f"and {counted(more, 'more reference')}") if more > 0 else None)


def _values(values: Mapping[str, float]) -> str:
    return "".join(f", {metric_name(metric)} {plain(value)}" for metric, value in values.items())
