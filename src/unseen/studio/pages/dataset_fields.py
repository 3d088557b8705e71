"""The fields of a new dataset's form: what it is, its columns, its labels, and how its file is read."""

from __future__ import annotations

from collections.abc import Mapping

from unseen.reporting.markup import Markup, joined, tag
from unseen.studio.frame import choice, field
from unseen.studio.incoming import Incoming
from unseen.studio.new_dataset import SPLITS
from unseen.studio.workspace import Workspace


def _input(form: Mapping[str, str], name: str, **more: str | bool) -> Markup:
    return tag("input", type="text", name=name, value=form[name], autocomplete="off", spellcheck="false", **more)


def about(workspace: Workspace, form: Mapping[str, str]) -> Markup:
    clusters = sorted({each.cluster for each in workspace.catalog().datasets})
    listed = tag("datalist", *(tag("option", value=each) for each in clusters), id="clusters")
    return joined(
        field("Name", _input(form, "dataset", required=True), "letters, digits, _ - . +"),
        field(
            "Cluster",
            _input(form, "cluster", list="clusters"),
            "the group of like tasks; a hold-out leaves out whole ones",
        ),
        listed,
        field("Licence", _input(form, "licence"), "of the rows, for example CC-BY-4.0"),
        field("Language", _input(form, "language"), "codes between commas: en, de"),
        field(
            "Origin",
            _input(form, "origin", placeholder="the dataset's own name"),
            "what the rows come from: published datasets, else their file, whatever you call the dataset above; a "
            "hold-out takes datasets that share one for the same rows",
        ),
    )


def columns(given: Incoming, form: Mapping[str, str]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", column, scope="row"),
            tag("td", _input(form, f"column.{number}", aria_label=f"Name of column {column}")),
            tag("td", _example(given, column)),
        )
        for number, column in enumerate(given.guess.columns)
    ]
    head = tag(
        "thead", tag("tr", *(tag("th", name, scope="col") for name in ("Column", "In templates", "For example")))
    )
    table = tag("div", tag("table", head, tag("tbody", *rows), class_="named"), class_="wide", tabindex="0")
    return joined(tag("h2", "Columns"), table)


def _example(given: Incoming, column: str) -> str:
    value = next((record[column] for record in given.guess.records if record.get(column) not in (None, "")), "")
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:80]} …"


def labels(given: Incoming, form: Mapping[str, str]) -> Markup:
    options = [("", "none: answers are written freely"), *((name, name) for name in given.guess.columns)]
    words = tag("textarea", "\n", form["words"], name="words", rows=max(form["words"].count("\n") + 1, 2))
    raw = ", ".join(map(str, given.guess.labels.get(given.guess.label, ())))
    help = f"a line for each label in this order: {raw}" if raw else "one a line, in the order of their indexes"
    return joined(
        tag("h2", "Label"),
        field("Column of the label", choice("label", options, form["label"])),
        field("Its words", words, help),
    )


def reading(given: Incoming, form: Mapping[str, str]) -> Markup:
    splits = choice("split", [(name, f"{name}: {said}") for name, said in SPLITS.items()], form["split"])
    encoding = field("Encoding", _input(form, "encoding"), "where it is not UTF-8: cp1252, latin-1, shift_jis, …")
    copy = tag(
        "label",
        tag("input", type="checkbox", name="copy", value="on", checked=bool(form["copy"])),
        " copy the rows into my catalog ",
        tag("small", "else they are read where they lie, and must stay there"),
        class_="box",
    )
    kept = copy if not given.dropped else tag("input", type="hidden", name="copy", value="on")
    text = given.guess.format in ("csv", "tsv", "jsonl", "json")
    hidden = tag("input", type="hidden", name="encoding", value=form["encoding"])
    return joined(tag("h2", "Rows"), field("Splits", splits), encoding if text else hidden, kept)
