"""The draft that stands on Start: how it is kept, what the page says of it, and the other drafts there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from unseen.errors import UserMistake
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.studio.frame import joined_lines, note
from unseen.studio.kept_recipes import Kept, KeptRecipes, Writer, kept_recipes, new_id
from unseen.studio.reply import Shown, Values, went_to
from unseen.studio.workspace import Workspace

GONE = "That draft is not kept any more. This is what there is instead."
APART = "Another tab went on with the draft that this one began as, so this is now a draft of its own."


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page writes in: the draft's id, the page's own mark, and the mark that it found there. `held` is what is
    kept; `apart` says that another page has the draft now, `wrong` why nothing could be kept, `unasked` that the draft
    was not asked for by its id."""

    draft: str
    page: str
    found: str = ""
    held: Kept | None = None
    apart: bool = False
    wrong: tuple[str, ...] = ()
    unasked: bool = False


def sheet_of(held: Kept | None) -> Sheet:
    """What a new page writes in: the draft that it shows, or one that comes to be with the first change."""
    return Sheet(held.id, new_id(), held.page, held) if held else Sheet(new_id(), new_id())


def keep(workspace: Workspace, values: Values, text: str) -> Sheet:
    """Keep `text`, which a page sends with these values; what the page goes on to write in."""
    draft, page, found = (values.get(name, "") for name in ("draft", "page", "found"))
    turn = values.get("turn", "")
    writer = Writer(page, found, int(turn) if turn.isascii() and turn.isdecimal() and len(turn) < 12 else 0)
    try:
        held = kept_recipes(workspace).write(draft, text, writer)
    except UserMistake as mistake:
        return Sheet(draft, page, found, wrong=mistake.lines)
    return Sheet(held.id, page, found, held, apart=bool(draft) and held.id != draft)


def hidden(sheet: Sheet) -> Markup:
    """The fields that say which draft a form is."""
    fields = {"draft": sheet.draft, "page": sheet.page, "found": sheet.found, "turn": "0"}
    return joined(*(tag("input", type="hidden", name=name, value=value) for name, value in fields.items()))


def standing(workspace: Workspace, sheet: Sheet) -> Markup:
    """What is kept, the way to begin afresh, and the other drafts."""
    if sheet.wrong:
        said = note("wrong", tag("p", "Not kept:"), joined_lines(sheet.wrong))
    elif sheet.held is None:
        said = tag("p", "What you write here is kept as you type.", class_="faint")
    else:
        moved = note("warn", tag("p", APART)) if sheet.apart else None
        said = joined(moved, tag("p", *_held(sheet.held), class_="bar"))
    others = [each for each in kept_recipes(workspace).all() if each.id != sheet.draft]
    return joined(said, _others(others) if others else None)


def _held(held: Kept) -> Sequence[Markup | str]:
    mixture = tag("a", "Its mixture and split", href=f"/mixture?{urlencode({'recipe': f'draft:{held.id}'})}")
    afresh = tag("a", "Begin afresh", href="/start?afresh=yes", class_="button")
    return [tag("span", "Your draft ", tag("b", held.name), f", kept at {clock(held)}."), mixture, afresh]


def clock(held: Kept) -> str:
    """When a draft was kept: the time of day, with the day where it is another one."""
    when = datetime.fromtimestamp(held.when)
    return when.strftime("%H:%M" if when.date() == datetime.now().date() else "%Y-%m-%d %H:%M")


def _others(others: Sequence[Kept]) -> Markup:
    items = [
        tag(
            "li",
            tag("a", each.name, href=f"/start?{urlencode({'draft': each.id})}"),
            f", kept at {clock(each)} ",
            tag("button", "Throw it away", name="id", value=each.id, data_sure=f"Throw the draft {each.name} away?"),
        )
        for each in others
    ]
    form = tag("form", tag("ul", *items), action="/start/forget", method="post")
    return tag("details", tag("summary", counted(len(others), "other draft")), form, class_="card begin")


def forget(workspace: Workspace, values: Values) -> Shown:
    """Throw a draft away."""
    kept_recipes(workspace).forget(values.get("id", ""))
    return went_to("/start")


def opened(workspace: Workspace, id: str) -> tuple[Kept | None, str]:
    """The draft that is asked for, else the newest; and what to say where the one asked for is gone."""
    kept: KeptRecipes = kept_recipes(workspace)
    held = kept.opened(id)
    return held, GONE if id and (held is None or held.id != id) else ""
