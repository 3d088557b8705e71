"""Diversity: wordings and diverse questions reviewed one by one; what is decided is saved as it is decided."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route

from unseen.diversify.decisions import review_path
from unseen.diversify.reviewed import Item, as_decided
from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, whole
from unseen.studio.frame import Page, choice, field, joined_lines, note, nothing
from unseen.studio.pages.diversity_decide import path_of, routes_of_decisions, standing
from unseen.studio.pages.diversity_item import item_shown, state_of
from unseen.studio.pages.diversity_numbers import dropped, numbers, routes_of_numbers, spread_map
from unseen.studio.reply import Shown, Values, shows, told
from unseen.studio.review_files import Offered, Reviewing, offered, reviewing
from unseen.studio.values import from_of
from unseen.studio.workspace import Workspace

PAGE = 50
STYLES, SCRIPTS = ("diversity.css",), ("diversity.js",)
WITH_FAULTS = "with faults"
STATES = ("undecided", "kept", "dropped", "edited")


def routes() -> list[Route]:
    return [
        Route("/diversity", shows(diversity)),
        *routes_of_decisions(),
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
    start = min(from_of(values), max(0, len(chosen) - 1)) // PAGE * PAGE
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
