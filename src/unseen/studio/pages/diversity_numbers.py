"""Numbers of diversity, why texts were dropped before anyone looked, and the texts as a map."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.diversify.decisions import review_path
from unseen.diversify.diversity import diversity
from unseen.diversify.output import RECORD, file_digest
from unseen.diversify.reviewed import FIELDS, Item, Source, as_decided, kept, kept_wordings
from unseen.diversify.similarity import between_sides
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, plain, whole
from unseen.reporting.tables import Column, Row, folded, table
from unseen.studio.frame import Page, filled, note
from unseen.studio.pages.diversity_item import state_of
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.review_files import Reviewing, reviewing
from unseen.studio.text_map import EMBEDDINGS, embeddings_of, hashed, placed
from unseen.studio.workspace import Workspace
from unseen.study.record import read_if_there

POINTS = 1000  # of a map: more can neither be told apart nor reached by keyboard
MEASURES = (
    ("texts", "texts", 0),
    ("distinct_1", "distinct-1", 3),
    ("distinct_2", "distinct-2", 3),
    ("distinct_3", "distinct-3", 3),
    ("self_bleu", "self-BLEU", 1),
    ("mean_words", "mean words", 1),
)
SHAPES = {"train": "circle", "pairs": "circle", "test": "square", "special": "diamond", "contrast": "triangle"}
HEIGHT = 420
STYLES = ("diversity.css",)


def routes_of_numbers() -> list[Route]:
    return [Route("/diversity/numbers", shows(numbers_of)), Route("/diversity/map", shows(map_of))]


def numbers(file: str) -> Markup:
    return joined(tag("h2", "Numbers of diversity", id="numbers"), filled(_at("numbers", file), "Counting …"))


def spread_map(file: str) -> Markup:
    return joined(tag("h2", "Map", id="map"), filled(_at("map", file), "Placing the texts …"))


def _at(what: str, file: str) -> str:
    return f"/diversity/{what}?{urlencode({'file': file})}"


def numbers_of(workspace: Workspace, values: Values) -> Shown:
    """Of what is kept, as it is after the edits."""
    found = reviewing(workspace, values.get("file", ""))
    file = found.source.file
    stamp = tuple(each.stat().st_mtime_ns if each.is_file() else 0 for each in (file, review_path(file)))
    made: Markup = workspace.kept(("numbers", str(file)), stamp, lambda: _numbers(found))
    return Page("Numbers of diversity", "/diversity", made, styles=STYLES)


def _numbers(found: Reviewing) -> Markup:
    made = _recorded(found)
    groups = _groups(found)
    columns = [Column("of"), *(Column(name, "number") for _, name, _ in MEASURES), Column("commonest first words")]
    rows = [_row(name, made.get(name) or diversity(texts, seed=0)) for name, texts in groups.items() if texts]
    shown = table(columns, rows, "Numbers of diversity")
    reading = "Of the texts that are kept. Distinct-n: more is more diverse; self-BLEU (100 texts): less is."
    alike = _between(found)
    return joined(shown, tag("p", alike) if alike else None, tag("p", reading, class_="faint"))


def _groups(found: Reviewing) -> dict[str, list[str]]:
    items = kept(found.source, found.decisions.standing)
    if found.source.kind == "chats":
        return {f"{name}s": [each.texts[name] for each in items] for name in FIELDS["chats"]}
    sides = dict.fromkeys(each.side for each in items)
    return {side: [each.text for each in items if each.side == side] for side in sides}


def _recorded(found: Reviewing) -> Mapping[str, Mapping[str, Any]]:
    """Those that were counted when the file was made, where nothing was decided since."""
    file = found.source.file
    if found.source.kind != "chats" or found.decisions.made:
        return {}
    record = read_if_there(file.parent / RECORD)
    said = record.get("diversity")
    if not isinstance(said, dict) or record.get("chats") != file_digest(file):
        return {}
    return {name: each for name, each in said.items() if _is_whole(each)}


def _is_whole(said: object) -> bool:
    return isinstance(said, dict) and {"first_words", *(key for key, _, _ in MEASURES)} <= said.keys()


def _row(name: str, said: Mapping[str, Any]) -> Row:
    first = ", ".join(f"{word} {plain(100 * share, 0)} %" for word, share in list(said["first_words"].items())[:3])
    return (name, *(_number(said[key], digits) for key, _, digits in MEASURES), first)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else whole(int(value)) if digits == 0 else plain(value, digits)


def _between(found: Reviewing) -> str:
    if found.source.wordings is None:
        return ""
    alike = between_sides(kept_wordings(found.source, found.decisions.standing).wordings)
    return "" if alike is None else f"Largest similarity between a train and a test wording: {alike}."


def dropped(source: Source) -> Markup | None:
    """What was left out when the file was made, by reason, with the first examples where there are some."""
    if source.wordings is not None:
        made = source.wordings.made
        reasons: dict[str, Mapping[str, Any]] = {name: {"count": count} for name, count in made.dropped.items()}
        told = f"{counted(made.tried, 'wording')} were tried when the file was made" if made.tried else ""
    else:
        record = read_if_there(source.file.parent / RECORD)
        reasons = {f"{side}: {name}": said for side in ("questions", "answers") for name, said in _said(record, side)}
        told = f"{record.get('questions')} questions were asked for" if record.get("questions") else ""
    if not told and not reasons:
        return None
    shown = [_reason(name, said) for name, said in reasons.items()] or [tag("p", "None was left out.")]
    return joined(tag("h2", "Left out before", id="left-out"), tag("p", f"{told}." if told else ""), *shown)


def _said(record: Mapping[str, Any], side: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = record.get(f"dropped_{side}")
    return [(str(k), v) for k, v in found.items() if isinstance(v, dict)] if isinstance(found, dict) else []


def _reason(name: str, said: Mapping[str, Any]) -> Markup:
    examples = said.get("examples", [])
    lines = [tag("li", str(each.get("text", ""))) for each in examples if isinstance(each, dict)]
    count = joined(tag("b", str(said.get("count", ""))), f" {name}")
    return folded(count, tag("ul", *lines)) if lines else tag("p", count)


def map_of(workspace: Workspace, values: Values) -> Shown:
    """Each text a point: near ones say alike things."""
    found = reviewing(workspace, values.get("file", ""))
    file = found.source.file
    stamp = tuple(_stamp(each) for each in (file, review_path(file), file.parent / EMBEDDINGS))
    made: Markup = workspace.kept(("map", found.name), stamp, lambda: _map(found))
    return Page("Map", "/diversity", made, styles=STYLES)


def _stamp(file: Path) -> int:
    return file.stat().st_mtime_ns if file.is_file() else 0


def _map(found: Reviewing) -> Markup:
    items = as_decided(found.source, found.decisions.standing)
    if len(items) < 3:
        return tag("p", "Three texts or more make a map.", class_="nothing")
    step = -(-len(items) // POINTS)
    shown = list(range(0, len(items), step))
    vectors, wrong = embeddings_of(found.source.file.parent, len(items))
    of = "the embeddings beside the file" if vectors is not None else "hashed counts of words and pairs of words"
    places = placed(hashed([items[n].text for n in shown]) if vectors is None else vectors[shown])
    points = [_point(found, items[n], float(x), float(y)) for n, (x, y) in zip(shown, places, strict=True)]
    figure = tag("svg", *points, class_="map", width="100%", height=HEIGHT, role="group", aria_label="Map of the texts")
    told = f"The two directions in which {of} differ most. Near points say alike things; a point opens its text."
    some = f" Every {step}th of {whole(len(items))} texts is shown." if step > 1 else ""
    return joined(note("warn", tag("p", wrong)) if wrong else None, _legend(found), figure, tag("p", told + some))


def _legend(found: Reviewing) -> Markup:
    sides = dict.fromkeys(each.side for each in found.source.items)
    items = [(SHAPES[side], side, "") for side in sides] + [("cross", "dropped", "dropped")]
    keys = [
        tag("li", tag("svg", _shape(shape, kind or side, "8", 8), width=16, height=16, class_="map key"), f" {side}")
        for shape, side, kind in items
    ]
    return tag("ul", *keys, class_="keys")


def _point(found: Reviewing, item: Item, x: float, y: float) -> Markup:
    gone = state_of(found, item) == "dropped"
    kind = "dropped" if gone else item.side
    across, down = f"{2 + 96 * x:.2f}%", round(14 + (HEIGHT - 28) * (1 - y), 1)
    shape = _shape("cross" if gone else SHAPES[item.side], kind, across, down)
    said = f"{item.name}, {kind}: {' '.join(item.text.split())[:160]}"
    at = "/diversity?" + urlencode({"file": found.name, "q": item.name})
    return tag("a", tag("title", said), shape, href=at, aria_label=said)


def _shape(shape: str, kind: str, x: str, y: float) -> Markup:
    drawn: dict[str, Child] = {
        "circle": tag("circle", r=5),
        "square": tag("path", d="M-5-5H5V5H-5Z"),
        "diamond": tag("path", d="M0-6L6 0L0 6L-6 0Z"),
        "triangle": tag("path", d="M0-6L6 5H-6Z"),
        "cross": tag("path", d="M-5-5L5 5M-5 5L5-5"),
    }
    return tag("svg", drawn[shape], x=x, y=y, overflow="visible", class_=f"point {kind}")
