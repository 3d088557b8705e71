"""HTML as values: whatever is not `Markup` already is escaped, so row text can never become part of the page's code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape, unescape


class Markup(str):
    """Text that is HTML already. Only `tag` and `joined` make it from other text, and they escape."""

    __slots__ = ()


Child = str | int | Iterable["Child"] | None
Attribute = str | int | float | bool | None

VOID = frozenset({"br", "hr", "meta", "link", "col", "input"})
RAW = frozenset({"style", "script"})  # their content is ours alone, and HTML does not unescape it
TAG = re.compile("<[^>]*>")
BLOCK_END = re.compile("</(?:li|p|div|td|th|dt|dd|h[1-6])>|<br>")
# Not allowed in UTF-8 or in HTML: surrogates and control characters other than tab and line breaks.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def text(value: object) -> Markup:
    """`value` as escaped text; characters that a page cannot hold become U+FFFD."""
    return Markup(escape(UNPRINTABLE.sub("\ufffd", str(value)), quote=True))


def joined(*children: Child) -> Markup:
    """The children one after the other; None is nothing, an iterable is its items."""
    return Markup("".join(_parts(children)))


def words(markup: Markup) -> str:
    """What markup says, without its tags. Text in it is escaped, so a `<` always opens a tag."""
    return unescape(TAG.sub("", BLOCK_END.sub(" ", markup)))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. `class_` is `class`, `aria_label` is `aria-label`; True is a bare one, None and False are none."""
    opened = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{opened}>")
    inside = "".join(map(str, children)) if name in RAW else joined(*children)
    return Markup(f"<{opened}>{inside}</{name}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    key = key.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{text(value)}"'


def _parts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, str | int):
            yield text(child)
        else:
            yield from _parts(child)
