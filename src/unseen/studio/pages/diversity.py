"""Diversity: wordings and diverse questions reviewed one by one; what is decided is saved as it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.routing import Route

from unseen.diversify.decisions import DID, Decision, decide, review_path, undo
from unseen.diversify.reviewed import FIELDS, Item, as_decided, kept, reviewed_path, write_reviewed
from unseen.errors import UserMistake, nearest
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, whole
from unseen.studio.frame import Page, choice, field, joined_lines, note, nothing
from unseen.studio.pages.diversity_item import item_shown, state_of
from unseen.studio.pages.diversity_numbers import dropped, numbers, routes_of_numbers, spread_map
from unseen.studio.reply import Shown, Values, shows, told, went_to
from unseen.studio.review_files import Offered, Reviewing, copied, file_at, offered, reviewing
from unseen.studio.workspace import Workspace

PAGE = 50
STYLES, SCRIPTS = ("diversity.css",), ("diversity.js",)
WITH_FAULTS = "with faults"
STATES = ("undecided", "kept", "dropped", "edited")


def routes() -> list[Route]:
    return [
        Route("/diversity", shows(diversity)),
        Route("/diversity/decide", shows(decided), methods=["POST"]),
        Route("/diversity/undo", shows(undone), methods=["POST"]),
        Route("/diversity/copy", shows(copy), methods=["POST"]),
        Route("/diversity/write", shows(write), methods=["POST"]),
        *routes_of_numbers(),
    ]


def diversity(workspace: Workspace, values: Values) -> Shown:
    """The files that there are, or one of them."""
    if values.get("file"):
        return review(workspace, values)
    found = offered(workspace)
    parts = [_opening(), tag("h2", "What there is"), _offered(found), _own_path()]
    return Page("Diversity", "/diversity", joined(*parts), styles=STYLES)


def _opening() -> Markup:
    return tag(
        "p",
        "Wordings of an instruction, and diverse questions with their answers, to be kept, dropped or edited before "
        "anything is tuned on them. The file itself is never changed: decisions stand in a file beside it.",
    )


def _offered(found: Sequence[Offered]) -> Markup:
    if not found:
        made = tag("code", "unseen diversify instructions"), tag("code", "unseen diversify questions")
        return tag("p", "No file yet. ", made[0], " makes wordings, ", made[1], " questions.", class_="nothing")
    items = [
        tag(
            "li",
            tag("a", each.file.name if each.whose != "yours" else str(each.file), href=path_of(str(each.file))),
            tag("small", f" {each.whose}", f", {counted(each.decided, 'decision')}" if each.decided else ""),
        )
        for each in found
    ]
    return tag("ul", *items)


def _own_path() -> Markup:
    box = tag("input", type="text", name="file", size=40, placeholder="wordings.yaml, chats.jsonl, or a folder")
    return tag("form", field("Another file", box), tag("button", "Open"), action="/diversity", method="get")


def path_of(file: str, **more: str | int) -> str:
    return "/diversity?" + urlencode({"file": file, **more})


def review(workspace: Workspace, values: Values) -> Shown:
    """A file's items, filtered, a page of them at a time."""
    try:
        found = reviewing(workspace, values["file"])
    except UserMistake as mistake:
        wrong = note("wrong", joined_lines(mistake.lines[:10]))
        return Page("Diversity", "/diversity", joined(wrong, _own_path()), styles=STYLES)
    parts = [
        _facts(found),
        _copying(found) if found.theirs else None,
        standing(found),
        _below(),
        _filters(found, values),
        _list(found, values),
        _keys(found),
        spread_map(values["file"]),
        numbers(values["file"]),
        dropped(found.source),
    ]
    name = found.source.file.name
    return Page(name, "/diversity", joined(*parts), wide=True, styles=STYLES, scripts=SCRIPTS)


def _facts(found: Reviewing) -> Markup:
    source = found.source
    facts = {"File": str(source.file), "Decisions": str(review_path(source.file)) if found.decisions.made else ""}
    if source.wordings is not None:
        whole_set = source.wordings
        facts |= {
            "Instruction": whole_set.instruction,
            "Tokens in each": ", ".join(whole_set.tokens),
            "Secrets in none": ", ".join(whole_set.secrets),
            "Made by": whole_set.made.by,
        }
    pairs = [joined(tag("dt", name), tag("dd", said)) for name, said in facts.items() if said]
    lines = []
    if source.left_out:
        lines.append(f"Left out, since they hold no question with its answer: {counted(source.left_out, 'line')}.")
    if found.decisions.unread:
        lines.append(f"{counted(found.decisions.unread, 'line')} of the decisions could not be read and do not count.")
    return joined(tag("dl", *pairs, class_="facts"), told("warn", *lines) if lines else None)


def _copying(found: Reviewing) -> Markup:
    button = tag("button", "Review a copy of my own", class_="main", data_key="c")
    hidden = tag("input", type="hidden", name="file", value=found.name)
    form = tag("form", hidden, button, action="/diversity/copy", method="post")
    return note("plain", tag("p", "This file came with the project and is never written to."), form)


def _below() -> Markup:
    links = {"#map": "Map", "#numbers": "Numbers of diversity", "/diversity": "Other files"}
    return tag("p", *(joined(tag("a", name, href=at), " ") for at, name in links.items()), class_="paging")


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


def _filters(found: Reviewing, values: Values) -> Markup:
    sides = dict.fromkeys(each.side for each in found.source.items)
    words = tag(
        "input", type="search", name="q", value=values.get("q", ""), placeholder="words of a text or its name",
        aria_label="Search", data_key="/",
    )  # fmt: skip
    hidden = tag("input", type="hidden", name="file", value=values["file"])
    sides_shown = [("", "every side"), *((side, side) for side in sides)]
    states = (*STATES, *((WITH_FAULTS,) if found.faults is not None else ()))
    states_shown = [("", "every state"), *((state, state) for state in states)]
    selects = [choice("state", states_shown, values.get("state", ""), aria_label="State")]
    if len(sides) > 1:
        selects.append(choice("side", sides_shown, values.get("side", ""), aria_label="Side"))
    return tag("form", hidden, words, *selects, tag("button", "Search"), action="/diversity", method="get",
               class_="bar", data_live="#items")  # fmt: skip


def _list(found: Reviewing, values: Values) -> Markup:
    chosen = _chosen(found, values)
    start = min(_number(values.get("from")), max(0, len(chosen) - 1)) // PAGE * PAGE
    shown = [item_shown(found, place, item) for place, item in chosen[start : start + PAGE]]
    body = tag("ul", *shown, class_="items") if shown else nothing("Nothing matches. Take a word away, or a filter.")
    count = tag("p", f"{whole(len(chosen))} of {counted(len(found.source.items), 'text')}.", class_="count")
    return tag("div", count, body, _paging(values, start, len(chosen)), id="items")


def _chosen(found: Reviewing, values: Values) -> list[tuple[int, Item]]:
    decided = found.decisions.standing
    wanted, side, state = values.get("q", "").lower().split(), values.get("side", ""), values.get("state", "")
    return [
        (place, item)
        for place, item in enumerate(as_decided(found.source, decided))
        if side in ("", item.side)
        and (not state or _is_in(found, item, state))
        and all(word in f"{item.name} {item.about} {item.text}".lower() for word in wanted)
    ]


def _is_in(found: Reviewing, item: Item, state: str) -> bool:
    return item.name in (found.faults or {}) if state == WITH_FAULTS else state_of(found, item) == state


def _paging(values: Values, start: int, count: int) -> Markup | None:
    if count <= PAGE:
        return None
    more = {name: values[name] for name in ("q", "side", "state") if values.get(name)}
    links = [
        tag("a", name, href=path_of(values["file"], **more, **{"from": at}), data_key=key)
        for name, at, key in (("earlier", start - PAGE, "p"), ("later", start + PAGE, "n"))
        if 0 <= at < count
    ]
    return tag("p", f"{start + 1} to {min(start + PAGE, count)} of {count} ", *links, class_="paging")


def _keys(found: Reviewing) -> Markup:
    said = {"j": "next", "k": "previous", "y": "keep", "x": "drop", "e": "edit", "u": "undo", "/": "search"}
    shown = {"j": "next", "k": "previous", "/": "search", "c": "copy"} if found.theirs else said
    keys = [joined(tag("kbd", key), f" {name}  ") for key, name in shown.items()]
    return tag("p", "Keys: ", *keys, class_="faint keyboard")


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


def _number(given: str | None) -> int:
    return int(given[:9]) if given and given.isdecimal() else 0
