"""The page round its sections: head, contents, style and script in one file, with a policy that forbids any request."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from unseen.reporting.markup import Markup, joined, tag

ASSETS = Path(__file__).with_name("assets")
HEADING = re.compile(r'^<section id="([^"]+)" aria-label="([^"]+)"')


def document(
    title: str,
    description: str,
    heading: Markup,
    opening: Markup,
    sections: Sequence[Markup],
    styles: Sequence[str] = ("page.css",),
) -> Markup:
    """A whole HTML page. Nothing but our own styles and script may act on it, whatever stands in it."""
    style, script = "".join(map(asset, styles)), asset("page.js")
    policy = f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; base-uri 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="description", content=description),
        tag("title", title),
        tag("style", style),
    )
    main = tag("main", heading, opening, _contents(sections), *sections, id="top")
    body = tag("body", tag("a", "Skip to the verdict", href="#verdict", class_="skip"), main, tag("script", script))
    return Markup("<!doctype html>\n" + tag("html", head, body, lang="en") + "\n")


def _contents(sections: Sequence[Markup]) -> Markup:
    found = [match.groups() for match in map(HEADING.match, sections) if match]
    links = [tag("li", tag("a", Markup(name), href=f"#{id}")) for id, name in found]
    return tag("nav", tag("ul", *links), aria_label="Contents") if links else joined()


@cache
def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """How a policy names inline code by its content."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
