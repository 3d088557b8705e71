"""Records of an XML file: one element a record."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from unseen.data.textlines import unreadable
from unseen.errors import DataMistake

DEEPEST = 100  # levels of elements


def read_xml(path: Path, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The elements named `options["record"]`, or the children of the root, as dicts of texts.

    An attribute becomes a column of its own name, a child element a column of its tag, its text stripped; several
    children of one tag become a list; a child with attributes or children becomes a dict, its own text under
    `#text`. A tag that is also an attribute leaves the attribute under `@name`. Namespaces are left out.
    Files that declare entities are refused (they can expand without bound), and nothing outside the file is read.
    """
    try:
        _refuse_entities(path)
        yield from _records(path, options.get("record"))
    except (ET.ParseError, expat.ExpatError) as error:
        line = error.position[0] if isinstance(error, ET.ParseError) else error.lineno
        raise DataMistake(f"{path}, line {line}", f"is not XML ({error})", "is the file whole?") from None
    except (LookupError, ValueError) as error:
        raise DataMistake(str(path), f"is not XML ({error})", "save it as UTF-8") from None
    except OSError as error:
        raise unreadable(path, error) from None


def _records(path: Path, tag: str | None) -> Iterator[dict[str, Any]]:
    open_elements: list[ET.Element] = []
    inside = 0  # depth of the record element that is being read, 0 outside
    with path.open("rb") as file:
        for event, element in ET.iterparse(file, events=("start", "end")):
            if event == "start":
                open_elements.append(element)
                if len(open_elements) > DEEPEST:
                    raise DataMistake(str(path), f"elements are nested over {DEEPEST} deep")
                starts = _name(element) == tag if tag else len(open_elements) == 2
                if not inside and starts:
                    inside = len(open_elements)
                continue
            open_elements.pop()
            if inside == len(open_elements) + 1:
                inside = 0
                value = _value(element)
                yield value if isinstance(value, dict) else {_name(element): value}
            if not inside and open_elements:
                open_elements[-1].remove(element)  # read, so let it go: memory stays flat


def _value(element: ET.Element) -> Any:
    """The text of a plain element, else a dict of its attributes and children."""
    text = (element.text or "").strip()
    if not element.attrib and not len(element):
        return text
    children: dict[str, list[Any]] = {}
    for child in element:
        children.setdefault(_name(child), []).append(_value(child))
    columns: dict[str, Any] = {
        (f"@{name}" if name in children else name): value for name, value in element.attrib.items()
    }
    columns.update({name: each[0] if len(each) == 1 else each for name, each in children.items()})
    return {**columns, "#text": text} if text else columns


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _RootReached(Exception):
    """The declarations of a document end where its root element starts."""


def _refuse_entities(path: Path) -> None:
    def declared(name: str, *_: Any) -> None:
        raise DataMistake(
            f"{path}, line {parser.CurrentLineNumber}", f"declares the entity '{name}'", "write its text out"
        )

    def reached(*_: Any) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = reached
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except _RootReached:
        return
