"""The frame of every page: head, navigation, and the one style and script that pages may use."""

from __future__ import annotations

from dataclasses import dataclass

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.studio.hand_on import At, at_mark, begun_with

PAGES = (  # path, its name in the navigation
    ("/", "Browse"),
    ("/templates", "Templates"),
    ("/tokens", "Tokens"),
    ("/mixture", "Mixture and split"),
    ("/start", "Start"),
    ("/runs", "Runs"),
    ("/diversity", "Diversity"),
    ("/ask", "Ask"),
)
PATHS = tuple(path for path, _ in PAGES)
HANDED = ("/templates", "/tokens", "/ask")  # pages that begin with what was looked at last
STYLES, SCRIPTS = ("page.css", "studio.css"), ("page.js", "studio.js")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows: `here` is its path in the navigation, `wide` one that wants the whole window; `styles` and
    `scripts` are the assets that it has beyond those of every page, `at` what it shows of the catalogs."""

    title: str
    here: str
    body: Markup
    wide: bool = False
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    at: At | None = None


def whole(page: Page, handed: At | None = None) -> Markup:
    """The HTML document; `handed` is what the page before it handed on."""
    at = page.at or handed
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{page.title} · unseen studio"),
        tag("link", rel="icon", href="data:,"),
        *(tag("link", rel="stylesheet", href=f"/assets/{name}") for name in (*STYLES, *page.styles)),
        *(tag("script", src=f"/assets/{name}", defer=True) for name in (*SCRIPTS, *page.scripts)),
    )
    skip = tag("a", "Skip to the page", href="#page", class_="skip")
    begun = begun_with(handed) if handed and page.here in HANDED else None
    mark = at_mark(page.at, PATHS) if page.at else None
    main = tag(
        "main", tag("h1", page.title), begun, mark, page.body, id="page", class_="wide-page" if page.wide else None
    )
    told = tag("div", id="told", role="status", aria_live="polite")
    return Markup(
        "<!doctype html>\n"
        + tag("html", head, tag("body", skip, _navigation(page.here, at), main, told), lang="en")
        + "\n"
    )


def _navigation(here: str, at: At | None) -> Markup:
    """The page that one is on is left out of by its own link; the others go on with what it shows."""

    def link(path: str, name: str) -> Markup:
        if path == here:
            return tag("a", name, href=path, aria_current="page")
        return tag("a", name, href=at.to(path) if at else path, data_to=path)

    links = [tag("li", link(path, name)) for path, name in PAGES]
    return tag("header", tag("a", "unseen studio", href="/", class_="brand"), tag("nav", tag("ul", *links)))


def note(kind: str, *children: Child) -> Markup:
    """A box that says something: `kind` is `wrong`, `warn`, `good` or `plain`."""
    return tag("div", *children, class_=f"note {kind}", role="alert" if kind == "wrong" else None)


def filled(path: str, waiting: str, **attributes: str) -> Markup:
    """A place that is filled with what `path` shows when it is looked at; without a script, a link to that."""
    alone = tag("noscript", " ", tag("a", "Show it", href=path))
    return tag("div", tag("p", waiting, alone, class_="faint"), data_fill=path, **attributes)


def nothing(text: str) -> Markup:
    return tag("p", text, class_="nothing")


def field(label: str, control: Markup, help: str = "") -> Markup:
    """A labelled control with its help below."""
    told = tag("small", help) if help else None
    return tag("label", tag("span", label), control, told, class_="field")


def choice(name: str, options: list[tuple[str, str]], chosen: str, **attributes: str | bool | None) -> Markup:
    """A select; `options` are (value, shown)."""
    items = [tag("option", shown, value=value, selected=value == chosen) for value, shown in options]
    return tag("select", *items, name=name, **attributes)


def joined_lines(lines: tuple[str, ...]) -> Markup:
    return joined(*(tag("p", line) for line in lines))
