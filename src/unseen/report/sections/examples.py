"""Ten examples of each kind: right by both models, mended by tuning, broken by it, wrong by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from unseen.evaluate.prediction import Prediction
from unseen.report.markup import Child, Markup, joined, tag
from unseen.report.numbers import SIDES, counted, metric_name, plain, shots_name, whole
from unseen.report.run_data import RunData
from unseen.report.sections.rowtext import row_text, short_text, text_hash
from unseen.report.tables import Column, folded, section, table

SHOWN = 10
JUDGED = {
    (True, True): "right by both",
    (False, True): "mended by tuning",
    (True, False): "broken by tuning",
    (False, False): "wrong by both",
}
GRADED = ("better after tuning", "worse after tuning", "as good as before")
ASKED = {"choose": "chosen among answers", "generate": "generated"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One question and both models' answers; one of them where only one model was asked."""

    base: Prediction | None
    tuned: Prediction | None

    @property
    def first(self) -> Prediction:
        found = self.tuned or self.base
        assert found is not None  # a pair is made of at least one
        return found


def examples_section(run: RunData, with_rows: bool) -> Markup | None:
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs_of(run.predictions):
        groups.setdefault((pair.first.side, pair.first.kind), []).append(pair)
    if not groups:
        return None
    text = (
        f"Up to {SHOWN} of each kind, taken in turn from the tasks, in an order made from hashes: nobody picked them."
    )
    hidden = (
        ""
        if with_rows
        else " Texts of rows are left out of this page: ids, hashes and log-probabilities stand for them."
    )
    ordered = sorted(groups, key=lambda key: (key[0] != "unseen", key[1]))
    return section(
        "examples", "Examples", tag("p", text + hidden), *(_group(key, groups[key], with_rows) for key in ordered)
    )


def pairs_of(predictions: Iterable[Prediction]) -> list[Pair]:
    """Questions that were asked with instructions, each with the answers of base and tuned."""
    found: dict[tuple[object, ...], dict[str, Prediction]] = {}
    for each in predictions:
        if not each.plain:
            key = each.task, each.side, each.template, each.row_id, each.shots, each.seed
            found.setdefault(key, {})[each.model] = each
    return [Pair(each.get("base"), each.get("tuned")) for each in found.values() if {"base", "tuned"} & set(each)]


def kind_of(pair: Pair, graded: bool) -> str:
    """Which of the kinds a question is of, by the first row metric of its task."""
    values = [None if each is None else value_of(each) for each in (pair.base, pair.tuned)]
    if values[0] is None and values[1] is None:
        return "judged over the whole task only"
    if values[0] is None or values[1] is None:
        only = values[0] if values[1] is None else values[1]
        return "right" if only == 100 else "wrong" if only == 0 else "partly right"
    if graded:
        return GRADED[0] if values[1] > values[0] else GRADED[1] if values[1] < values[0] else GRADED[2]
    return JUDGED[values[0] == 100, values[1] == 100]


def value_of(prediction: Prediction) -> float | None:
    """0..100 by the first metric that judges single rows; None for corpus metrics alone."""
    return next((prediction.values[name] for name in prediction.metrics if name in prediction.values), None)


def chosen_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """`SHOWN` of them: tasks in turn, different rows first, within a task by hash of the question's ids."""
    tasks: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=_hash):
        tasks.setdefault(pair.first.task, []).append(pair)
    turns = [pair for turn in zip_longest(*map(_new_rows_first, tasks.values())) for pair in turn if pair is not None]
    return turns[:SHOWN]


def _new_rows_first(pairs: Sequence[Pair]) -> list[Pair]:
    met: set[tuple[str, int]] = set()
    again = [pair for pair in pairs if pair.first.row_id in met or met.add(pair.first.row_id)]  # type: ignore[func-returns-value]
    late = set(map(id, again))
    return [pair for pair in pairs if id(pair) not in late] + again


def _hash(pair: Pair) -> str:
    one = pair.first
    return sha256(f"{one.task} {one.template} {one.row_id} {one.shots} {one.seed}".encode()).hexdigest()


def _group(key: tuple[str, str], pairs: Sequence[Pair], with_rows: bool) -> Markup:
    side, asked = key
    graded = any(value_of(each) not in (None, 0.0, 100.0) for pair in pairs for each in (pair.base, pair.tuned) if each)
    kinds: dict[str, list[Pair]] = {}
    for pair in pairs:
        kinds.setdefault(kind_of(pair, graded), []).append(pair)
    order = [*JUDGED.values(), *GRADED]
    ordered = sorted(kinds, key=lambda kind: order.index(kind) if kind in order else len(order))
    metrics = sorted({metric_name(next(iter(p.first.values), "")) for p in pairs} - {""})
    title = f"{SIDES[side].capitalize()}, {ASKED[asked]}"
    counts = tag("p", f"{counted(len(pairs), 'question')} (a row through a template), judged by {' or '.join(metrics) or 'corpus metrics'}: "
                 + ", ".join(f"{whole(len(kinds[kind]))} {kind}" for kind in ordered) + ".")  # fmt: skip
    return joined(tag("h3", title), counts, *(_kind(kind, kinds[kind], with_rows) for kind in ordered))


def _kind(kind: str, pairs: Sequence[Pair], with_rows: bool) -> Markup:
    shown = chosen_pairs(pairs)
    title = joined(tag("b", kind), f", {len(shown)} of {whole(len(pairs))}")
    return folded(title, *(_example(pair, with_rows) for pair in shown))


def _example(pair: Pair, with_rows: bool) -> Markup:
    one = pair.first
    where = f"{one.task}, {one.template}, row {one.split}[{one.row}], {shots_name(one.shots)}" + (
        ", prompt cut to fit" if one.cut else ""
    )
    prompt = row_text(one.prompt) if with_rows else tag("p", "prompt ", text_hash(one.prompt))
    answers = _choices(pair, with_rows) if one.choices else _answers(pair, with_rows)
    return tag("article", tag("h4", where), prompt, answers, class_="example")


def _models(pair: Pair) -> Iterator[tuple[str, Prediction]]:
    if pair.base:
        yield "base", pair.base
    if pair.tuned:
        yield "tuned", pair.tuned


def _choices(pair: Pair, with_rows: bool) -> Markup:
    """Every choice with each model's log-probability; the chosen and the right one are marked."""
    models = list(_models(pair))
    columns = [Column("choice"), *(Column(f"{name}, log-probability", "number") for name, _ in models)]
    rows = [
        [_choice(pair.first, place, with_rows), *(_log_prob(each, place, name) for name, each in models)]
        for place in range(len(pair.first.choices))
    ]
    return table(columns, rows, "Choices with their log-probabilities")


def _choice(prediction: Prediction, place: int, with_rows: bool) -> Markup:
    shown = short_text(prediction.choices[place]) if with_rows else f"choice {place + 1}"
    return joined(shown, tag("span", " ✓ right", class_="right") if place == prediction.correct else None)


def _log_prob(prediction: Prediction, place: int, name: str) -> Child:
    known = prediction.log_probs[place] if place < len(prediction.log_probs) else None
    shown = "" if known is None else plain(known, 2)
    return tag("b", f"◀ {name}’s answer ", shown, class_="chosen") if place == prediction.chosen else shown


def _answers(pair: Pair, with_rows: bool) -> Markup:
    """What was generated, beside what counts as right."""
    said: list[tuple[str, str, Mapping[str, float]]] = [
        (f"{name} said", each.text, each.values) for name, each in _models(pair)
    ]
    said += [("counts as right", reference, {}) for reference in pair.first.references[:5]]
    items = [
        joined(tag("dt", title, *(f", {metric_name(metric)} {plain(value)}" for metric, value in values.items())),
               tag("dd", row_text(text) if with_rows else text_hash(text)))
        for title, text, values in said
    ]  # fmt: skip
    more = len(pair.first.references) - 5
    return joined(
        tag("dl", *items, class_="answers"), tag("p", f"and {counted(more, 'more reference')}") if more > 0 else None
    )
