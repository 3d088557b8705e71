"""One text under review: what it says, what is wrong with it, what was decided, and what can be."""

from __future__ import annotations

from unseen.diversify.reviewed import FIELDS, Item
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.studio.review_files import Reviewing

SIGNS = {"undecided": "○", "kept": "✓", "dropped": "✗", "edited": "✎"}
LONGEST = 4000  # characters of a text that are shown before one edits it
ROWS = 12  # lines of a box, at most


def state_of(found: Reviewing, item: Item) -> str:
    """undecided, kept, dropped or edited."""
    decided = found.decisions.standing.get(item.name)
    if decided is None:
        return "undecided"
    if decided.did == "drop":
        return "dropped"
    return "edited" if decided.texts else "kept"


def item_shown(found: Reviewing, place: int, item: Item) -> Markup:
    """A list item with the id `item-<place>`."""
    state = state_of(found, item)
    wrong = [tag("p", tag("b", "! "), fault, class_="fault warn") for fault in found.faults_of(item)]
    parts = [_head(item, state), _texts(item), *wrong]
    if not found.theirs:
        parts.append(_decisions(found, item, state))
    return tag("li", *parts, class_=f"item {state}", id=f"item-{place}", tabindex="-1", data_item=place)


def _head(item: Item, state: str) -> Markup:
    sign = tag("span", SIGNS[state], aria_hidden="true")
    about = tag("small", f" {item.side}", f" · {item.about}" if item.about else "")
    decided = tag("span", sign, f" {state}", class_=f"decided {state}")
    return tag("p", tag("b", item.name), about, decided, class_="head")


def _texts(item: Item) -> Markup:
    """Both texts of a pair; of a wording what stands before the input and after it."""
    shown: list[Child] = []
    if item.side == "pairs":
        shown = [tag("p", tag("b", f"{name} "), _cut(text), class_="row") for name, text in item.texts.items()]
    else:
        before, after = item.texts["before"], item.texts["after"]
        shown = [_cut(before), tag("span", " [the input] ", class_="faint"), _cut(after)]
        shown = [tag("p", *shown, class_="row")]
    return joined(*shown)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters)"


def _decisions(found: Reviewing, item: Item, state: str) -> Markup:
    to, named = "/diversity/decide", {"file": found.name, "item": item.name}
    hidden = [tag("input", type="hidden", name=name, value=value) for name, value in named.items()]
    keep = tag("button", "Keep (y)", name="did", value="keep", aria_pressed="true" if state == "kept" else "false")
    drop = tag("button", "Drop (x)", name="did", value="drop", aria_pressed="true" if state == "dropped" else "false")
    quick = tag("form", *hidden, keep, drop, action=to, method="post", data_decide="item", class_="bar")
    boxes = [_box(item, name) for name in FIELDS[found.source.kind]]
    save = tag("button", "Save the edit", name="did", value="edit", class_="main")
    wrong = tag("div", class_="said", aria_live="polite")
    edit = tag("form", *hidden, *boxes, save, wrong, action=to, method="post", data_decide="item")
    return joined(quick, tag("details", tag("summary", "Edit (e)"), edit))


def _box(item: Item, name: str) -> Markup:
    text = item.texts[name]
    rows = min(ROWS, max(2, text.count("\n") + 1 + len(text) // 90))
    label = {"before": "Before the input", "after": "After the input"}.get(name, name.capitalize())
    return tag("label", tag("span", label), tag("textarea", text, name=name, rows=rows), class_="field")
