"""The list of a YAML file, edited in the file's own text: what is not changed stays byte for byte, comments too.

An entry that is kept keeps its lines; one that is changed is written anew, and only comments inside it are lost, which
are counted. The text that comes out is read again before it is handed back, so an edit is right or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from unseen.errors import DataMistake
from unseen.yamlfile import yaml_mapping

Entry = Mapping[str, Any]
_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_COMMENT = re.compile(r"(?m)(?:^|[ \t])#")


@dataclass(frozen=True, slots=True)
class Edited:
    """The new text, and how many comments stood in entries that were written anew or taken out."""

    text: str
    comments_lost: int = 0


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One entry of the text: the lines before its dash (comments, blank ones), its own lines, and what they say."""

    before: str
    own: str
    said: Entry
    comments: int


def with_list(text: str, where: str, key: str, entries: Sequence[Entry]) -> Edited:
    """`text`, a YAML mapping, with `entries` as its list `key`.

    Raises `DataMistake` about `where` for a text that is no such mapping, and for one whose list cannot be edited
    without changing something else (anchors in it, a mapping in braces).
    """
    old = yaml_mapping(text, where, DataMistake)
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    held = next((pair for pair in root.value if pair[0].value == key), None)
    edited = _edited(text, key, held, old.get(key) or [], entries)
    if _reread(edited.text, where) != {**old, key: [dict(each) for each in entries]}:
        raise DataMistake(where, f"its '{key}' cannot be edited without harm to the rest", "edit the file by hand")
    return edited


def _reread(text: str, where: str) -> Mapping[str, Any] | None:
    try:
        return yaml_mapping(text, where, DataMistake)
    except DataMistake:
        return None


def _edited(text: str, key: str, held: Any, old: Sequence[Entry], entries: Sequence[Entry]) -> Edited:
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    if held is None:
        whole = text if not text or text.endswith("\n") else text + end_of_line
        return Edited(f"{whole}{key}:{_listed(entries, 2, end_of_line)}")
    name, value = held
    if not isinstance(value, yaml.SequenceNode) or value.flow_style or not value.value or not entries:
        return _anew(text, name, value, entries, end_of_line)
    chunks = list(_chunks(text, name, value, old))
    start = _line_end(text, name.end_mark.index)
    end = start + sum(len(each.before) + len(each.own) for each in chunks)
    pairs = _paired(chunks, entries)
    column = value.start_mark.column
    middle = "".join(_written(entry, chunk, column, end_of_line) for entry, chunk in pairs)
    kept = [chunk for entry, chunk in pairs if chunk is not None and chunk.said == entry]
    lost = sum(each.comments for each in chunks if each not in kept)
    gone = [each for each in chunks if all(each is not chunk for _, chunk in pairs)]
    lost += sum(len(_COMMENT.findall(each.before)) for each in gone)
    return Edited(_ended(text[:start], end_of_line) + middle + text[end:], lost)


def _anew(text: str, name: yaml.Node, value: yaml.Node, entries: Sequence[Entry], end_of_line: str) -> Edited:
    """The whole list written anew: one in brackets, an empty one, or one that becomes empty."""
    end = _content_end(text, value, value.start_mark.index)
    rest = text[end:].lstrip(" \t")
    if text[:end].endswith("\n"):
        rest = text[end:]
    else:
        rest = rest.removeprefix("\r").removeprefix("\n")
    cut = text[name.end_mark.index : end]
    lost = len(_COMMENT.findall(_without_scalars(cut, name.end_mark.index, value)))
    return Edited(f"{text[: name.end_mark.index]}:{_listed(entries, 2, end_of_line)}{rest}", lost)


def _listed(entries: Sequence[Entry], column: int, end_of_line: str) -> str:
    if not entries:
        return f" []{end_of_line}"
    return end_of_line + "".join(entry_text(each, column, end_of_line) for each in entries)


def _chunks(text: str, name: yaml.Node, value: yaml.SequenceNode, old: Sequence[Entry]) -> Iterator[_Chunk]:
    at = _line_end(text, name.end_mark.index)
    for node, said in zip(value.value, old, strict=True):
        dash = text.rfind("\n", 0, node.start_mark.index) + 1
        end = _line_end(text, _content_end(text, node, node.start_mark.index))
        comments = len(_COMMENT.findall(_without_scalars(text[dash:end], dash, node)))
        yield _Chunk(text[at:dash], text[dash:end], said, comments)
        at = end


def _content_end(text: str, node: yaml.Node, least: int) -> int:
    """Where the last character of a node stands: the marks of block collections lie behind the comments after them."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
        return max(least, int(node.end_mark.index))
    parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    return max((_content_end(text, part, least) for part in parts), default=least)


def _line_end(text: str, at: int) -> int:
    """The beginning of the next line, or `at` where a line begins there."""
    if at and text[at - 1] == "\n":
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _without_scalars(part: str, start: int, node: yaml.Node) -> str:
    """`part`, which begins at `start` of the text, without the texts of its scalars: what is left may be comments."""
    for first, last in sorted(_scalars(node), reverse=True):
        if first >= start:
            part = part[: first - start] + part[last - start :]
    return part


def _scalars(node: yaml.Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, yaml.ScalarNode):
        yield node.start_mark.index, node.end_mark.index
        return
    for each in node.value:
        for part in each if isinstance(each, tuple) else (each,):
            yield from _scalars(part)


def _paired(chunks: Sequence[_Chunk], entries: Sequence[Entry]) -> list[tuple[Entry, _Chunk | None]]:
    """Each entry with the chunk that says it, or that it replaces: of the same name, else in the same place."""
    free = list(chunks)
    found: list[_Chunk | None] = [None] * len(entries)
    same = (
        lambda entry, chunk, place: chunk.said == entry,
        lambda entry, chunk, place: chunk.said.get("name") == entry.get("name") is not None,
        lambda entry, chunk, place: len(chunks) == len(entries) and chunk is chunks[place],
    )
    for fits in same:
        for place, entry in enumerate(entries):
            chunk = next((each for each in free if found[place] is None and fits(entry, each, place)), None)
            if chunk is not None:
                found[place] = chunk
                free = [each for each in free if each is not chunk]
    return list(zip(entries, found, strict=True))


def _written(entry: Entry, chunk: _Chunk | None, column: int, end_of_line: str) -> str:
    if chunk is None:
        return entry_text(entry, column, end_of_line)
    if chunk.said == entry:
        return chunk.before + _ended(chunk.own, end_of_line)
    own = chunk.own.rstrip("\r\n \t")
    blank = chunk.own[len(own) :].partition("\n")[2]
    return chunk.before + entry_text(entry, column, end_of_line) + blank


def _ended(text: str, end_of_line: str) -> str:
    return text if not text or text.endswith("\n") else text + end_of_line


def entry_text(entry: Entry, column: int, end_of_line: str = "\n") -> str:
    """An entry of a block list, its dash at `column`: texts of several lines as they read, lists in one line."""
    lines = [line for key, value in entry.items() for line in _pair(key, value)]
    first, rest = " " * column + "- ", " " * (column + 2)
    shown = [(first if number == 0 else rest) + line if line else "" for number, line in enumerate(lines)]
    return end_of_line.join([*shown, ""])


def mapping_text(values: Entry) -> str:
    """A whole mapping as a file of its own: a line a key, `source` and what it holds in lines of their own."""
    lines: list[str] = []
    for key, value in values.items():
        if key == "source" and isinstance(value, Mapping):
            inner = [line for pair in value.items() for line in _pair(*pair)]
            lines += [f"{key}:", *(f"  {line}" for line in inner)]
        else:
            lines += _pair(key, value)
    return "\n".join([*lines, ""])


def _pair(key: str, value: Any) -> list[str]:
    flow = isinstance(value, list | tuple | dict)
    if isinstance(value, tuple):
        value = list(value)
    quoted = '"' if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
    if flow:
        said = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, default_style=quoted, **_PLAINLY)
        return [f"{key}: {said.strip()}"]
    lines: str = yaml.dump({key: value}, Dumper=_Dumper, default_flow_style=False, **_PLAINLY)
    return lines.rstrip("\n").split("\n")


_PLAINLY: dict[str, Any] = {"allow_unicode": True, "width": 1 << 30, "sort_keys": False}


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which writes texts of several lines as blocks, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    """Lines as a block, unless they end in blank ones: behind such a block PyYAML would end the document. Breaks of
    lines that only YAML knows stand as escapes."""
    block = "\n" in value and value.strip() != "" and not value.endswith("\n\n") and not _BREAKS.search(value)
    quoted = "\n" in value or "{{" in value or "{%" in value or _BREAKS.search(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else '"' if quoted else None)


_Dumper.add_representer(str, _text)
