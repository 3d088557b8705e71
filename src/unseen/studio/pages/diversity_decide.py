"""Deciding about texts under review: each decision is saved when it is made, and what is kept is written beside."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.routing import Route

from unseen.diversify.decisions import DID, Decision, decide, undo
from unseen.diversify.reviewed import FIELDS, as_decided, kept, reviewed_path, write_reviewed
from unseen.errors import UserMistake, nearest
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, whole
from unseen.studio.frame import Page, joined_lines, note
from unseen.studio.pages.diversity_item import item_shown
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.review_files import Reviewing, copied, file_at, reviewing
from unseen.studio.workspace import Workspace

STYLES = ("diversity.css",)


def routes_of_decisions() -> list[Route]:
    return [
        Route("/diversity/decide", shows(decided), methods=["POST"]),
        Route("/diversity/undo", shows(undone), methods=["POST"]),
        Route("/diversity/copy", shows(copy), methods=["POST"]),
        Route("/diversity/write", shows(write), methods=["POST"]),
    ]


def path_of(file: str, **more: str | int) -> str:
    return "/diversity?" + urlencode({"file": file, **more})


def standing(found: Reviewing) -> Markup:
    """How far the review is; its buttons where it can be gone on with."""
    items, decisions = found.source.items, found.decisions.standing
    there = [decisions[each.name].did for each in items if each.name in decisions]
    done, gone = len(there), there.count("drop")
    wrong = f"; {whole(len(found.faults))} with faults" if found.faults else ""
    text = f"{whole(done)} of {whole(len(items))} decided, {whole(gone)} dropped{wrong}. Undecided ones are kept."
    bar = tag("progress", value=done, max=max(1, len(items)), aria_label=text)
    buttons = None if found.theirs else _buttons(found)
    return tag("div", tag("p", text), bar, buttons, id="standing")


def _buttons(found: Reviewing) -> Markup:
    hidden = tag("input", type="hidden", name="file", value=found.name)
    back = tag("form", hidden, tag("button", "Undo (u)", disabled=not found.decisions.made), action="/diversity/undo",
               method="post", data_decide="undo")  # fmt: skip
    out = tag("form", hidden, tag("button", "Write what is kept"), action="/diversity/write", method="post")
    return tag("div", back, out, class_="bar")


def decided(workspace: Workspace, values: Values) -> Shown:
    """Save one decision; the item as it is now, or the page with it."""
    found = _own(workspace, values)
    place = _place(found, values.get("item", ""))
    did = next((each for each in DID if each == values.get("did")), None)
    if did is None:
        raise UserMistake("decision", f"there is no '{values.get('did', '')[:40]}'", f"choose {', '.join(DID)}")
    texts = {name: _typed(values.get(name, "")) for name in FIELDS[found.source.kind]} if did == "edit" else {}
    decide(found.source.file, Decision(found.source.items[place].name, did, texts))
    return _answer(workspace, values, place)


def undone(workspace: Workspace, values: Values) -> Shown:
    """Take back the last decision."""
    found = _own(workspace, values)
    taken = undo(found.source.file)
    names = {each.name: place for place, each in enumerate(found.source.items)}
    return _answer(workspace, values, names.get(taken.item) if taken else None)


def _answer(workspace: Workspace, values: Values, place: int | None) -> Shown:
    """To the script the parts that changed; without it the page, at the item."""
    if not values.get("part"):
        at = "" if place is None else f"#item-{place}"
        return went_to(path_of(values["file"], **{"from": place or 0}) + at)
    found = reviewing(workspace, values["file"])
    items = as_decided(found.source, found.decisions.standing)
    return joined(None if place is None else item_shown(found, place, items[place]), standing(found))


def _own(workspace: Workspace, values: Values) -> Reviewing:
    """What is reviewed; `UserMistake` where only a copy may be."""
    found = reviewing(workspace, values.get("file", ""))
    if found.theirs:
        raise UserMistake(found.name, "came with the project and is never written to", "review a copy of your own")
    return found


def _place(found: Reviewing, name: str) -> int:
    names = {each.name: place for place, each in enumerate(found.source.items)}
    if name not in names:
        raise UserMistake(name[:80], "is not in the file", nearest(name[:80], list(names)[:2000]))
    return names[name]


def _typed(text: str) -> str:
    """As browsers send it, with plain line breaks."""
    return text.replace("\r\n", "\n").strip()


def copy(workspace: Workspace, values: Values) -> Shown:
    """A copy in the user's place, and the page that reviews it."""
    return went_to(path_of(str(copied(file_at(workspace, values.get("file", ""))))))


def write(workspace: Workspace, values: Values) -> Shown:
    """Write what is kept beside the file, if it passes the checks; what is in the way is told, a line each."""
    found = _own(workspace, values)
    back = tag("p", tag("a", "Back to the review", href=path_of(values["file"])))
    try:
        path = write_reviewed(found.source, found.decisions)
    except UserMistake as mistake:
        wrong = tag("p", f"{reviewed_path(found.source.file).name} is not written:")
        more = len(mistake.lines) - 20
        rest = tag("p", f"and {more} more") if more > 0 else None
        body = joined(note("wrong", wrong, joined_lines(mistake.lines[:20]), rest), back)
        return Page("Not written", "/diversity", body, styles=STYLES)
    key = "diversity.wordings" if found.source.kind == "wordings" else "diversity.source"
    left = len(kept(found.source, found.decisions.standing))
    good = f"{whole(left)} of {counted(len(found.source.items), 'text')} are in {path}."
    use = tag("p", "In a recipe: ", tag("code", f"{key}: {path}"))
    return Page("Written", "/diversity", joined(note("good", tag("p", good), use), back), styles=STYLES)
