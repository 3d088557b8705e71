"""Which answer choices are given, and which are right: a model that fell onto one label is seen at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from unseen.evaluation.baselines import LabelFrequency
from unseen.evaluation.prediction import Prediction
from unseen.reporting.figures.shares import COLOURS, share_bar
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import MODELS, plain, shots_name
from unseen.reporting.run_data import RunData
from unseen.reporting.sections.rowtext import short_text
from unseen.reporting.tables import Cell, Column, Row, figure_table, folded, section

MOST_NAMED = 12  # labels in a legend
MOST_WORDS = 3  # that templates have for one label, in its name

Key = tuple[str, str, int]  # task, side, shots
Words = Mapping[tuple[str, str], tuple[str, ...]]


def labels_section(run: RunData) -> Markup | None:
    labels = run.record.summary.labels if run.record.summary else ()
    if not labels:
        return None
    words = words_of(run.predictions)
    groups: dict[Key, list[LabelFrequency]] = {}
    for each in labels:
        groups.setdefault((each.task, each.side, each.shots), []).append(each)
    ordered = sorted(groups, key=lambda key: (key[1] != "unseen", key[0], key[2]))
    text = (
        "A colour is a place among the answer choices, whose words stand beside the right answers (several where "
        "templates differ in them); a bar shows how often each was right, and how often each model gave it, over all "
        "templates. A model that is one colour where the right answers are not has collapsed."
    )
    rows = [row for key in ordered for row in _rows(key, groups[key], words)]
    columns = [
        Column("task"),
        Column("shots"),
        Column("who"),
        Column("share of each choice", "strip"),
        Column("largest", "number", "largest"),
    ]
    by_template = _by_template(labels, words)
    return section(
        "labels",
        "Answers given",
        tag("p", text),
        figure_table(columns, rows, "Answers given by task"),
        by_template,
    )


def words_of(predictions: Iterable[Prediction]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The choices of each task and template whose rows all have the same: only those are labels."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    varied: set[tuple[str, str]] = set()
    for each in predictions:
        if each.choices:
            key = each.task, each.template
            if found.setdefault(key, each.choices) != each.choices:
                varied.add(key)
    return {key: choices for key, choices in found.items() if key not in varied}


def _rows(key: Key, group: Sequence[LabelFrequency], words: Words) -> list[Row]:
    """Right answers, then each model, as means over the templates (and seeds)."""
    task, side, shots = key
    instructed = [each for each in group if each.model != "base_plain"]
    bars = [("right answers", _mean([each.right for each in instructed or group]))]
    for model in ("base", "base_plain", "tuned"):
        shares = _mean([each.chosen for each in group if each.model == model])
        bars += [(MODELS[model], shares)] if shares else []
    names = _names(max(len(shares) for _, shares in bars), [words.get((task, each.template), ()) for each in group])
    whose = [who if place else joined(who, _legend(names)) for place, (who, _) in enumerate(bars)]
    return [
        [f"{task} ({side})", Cell(shots_name(shots), shots), named, _bar(task, who, shares, names), _largest(shares)]
        for named, (who, shares) in zip(whose, bars, strict=True)
    ]


def _names(count: int, words: Sequence[Sequence[str]]) -> list[str]:
    """What the places of a task's choices are called: by their words in its templates, `yes / true`; by their number
    where each row has choices of its own."""
    found = [list(dict.fromkeys(each[place] for each in words if place < len(each))) for place in range(count)]
    more = [" / …" if len(each) > MOST_WORDS else "" for each in found]
    return [
        " / ".join(each[:MOST_WORDS]) + rest if each else name
        for each, rest, name in zip(found, more, places(count), strict=True)
    ]


def _bar(task: str, who: str, shares: Sequence[float], names: Sequence[str]) -> Markup:
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=False))
    return share_bar(shares, names[: len(shares)], f"{task}, {who}: {told}")


def _largest(shares: Sequence[float]) -> Cell:
    return Cell(f"{plain(100 * max(shares), 0)} %", max(shares))


def _mean(shares: Sequence[Sequence[float]]) -> list[float]:
    """Place by place; a template with fewer choices has none of the others."""
    places = max((len(each) for each in shares), default=0)
    return [sum(each[place] for each in shares if place < len(each)) / len(shares) for place in range(places)]


def _by_template(labels: Sequence[LabelFrequency], words: Words) -> Markup:
    columns = [
        Column("task"),
        Column("template"),
        Column("shots"),
        Column("model"),
        Column("share of each choice", "strip"),
        Column("largest", "number", "largest"),
    ]
    ordered = sorted(labels, key=lambda each: (each.side != "unseen", each.task, each.template, each.shots))
    rows = [_template_row(each, words.get((each.task, each.template)) or places(len(each.chosen))) for each in ordered]
    title = "By template, with the words of the choices"
    return folded(title, figure_table(columns, rows, "Answers given by template"))


def _template_row(each: LabelFrequency, names: Sequence[str]) -> Row:
    return (
        f"{each.task} ({each.side})",
        joined(each.template, _legend(names)),
        Cell(shots_name(each.shots), each.shots),
        MODELS[each.model],
        _bar(each.task, MODELS[each.model], each.chosen, names),
        _largest(each.chosen),
    )


def places(count: int) -> list[str]:
    return [f"choice {place + 1}" for place in range(count)]


def _legend(names: Sequence[str]) -> Markup | None:
    if len(names) > MOST_NAMED:
        return None
    items = [
        tag("li", tag("span", class_=f"key label{place % COLOURS}"), short_text(name))
        for place, name in enumerate(names)
    ]
    return tag("ul", *items, class_="keys small")
