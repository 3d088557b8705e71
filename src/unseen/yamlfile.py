"""YAML as our files use it: one mapping, no key twice, no tags, no aliases that explode. Mistakes name their line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from unseen.errors import UserMistake, raise_all

MOST_BYTES = 1_000_000  # of a file; the largest that ships with the package has 30,000
MOST_VALUES = 200_000  # of a file, aliases written out
SURROGATE = re.compile("[\ud800-\udfff]")  # which JSON escapes may hold, and no file
TOO_DEEP = "is nested too deeply"
KINDS = {type(None): "nothing", list: "a list", str: "a text"}
UNTAGGED = "our files are plain YAML: remove the tag"


def read_yaml_mapping(path: Path, mistake: type[UserMistake]) -> dict[str, Any]:
    """The mapping in the YAML file `path`; anything else is a `mistake`, told with its line."""
    return yaml_mapping(_text(path, mistake), str(path), mistake)


def yaml_mapping(
    text: str, where: str, mistake: type[UserMistake], loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> dict[str, Any]:
    """The mapping in `text`. A key that stands twice is refused: YAML itself would silently take the last.

    `loader` may know tags that the safe loader does not.
    """
    values = yaml_value(text, where, mistake, loader)
    if not isinstance(values, dict):
        held = KINDS.get(type(values), "one value")
        raise mistake(where, f"holds {held} where a mapping was expected", "write 'key: value' lines")
    return values


def yaml_value(
    text: str, where: str, mistake: type[UserMistake], loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> Any:
    """The value in `text`, built only after its nodes were looked through."""
    try:
        reading = loader(text)
        node = reading.get_single_node()
        if node is None:
            return None
        _check(node, where, mistake)
        return reading.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _marked(error, where, mistake) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        what = f"holds the control character U+{int(error.character):04X}"
        raise mistake(f"{where}, line {line}", what, "remove it, or save the file as UTF-8") from None
    except RecursionError:
        raise mistake(where, TOO_DEEP, "check its brackets") from None
    except ValueError as error:  # a date that is none, a number with thousands of digits
        what = f"holds a date or number that cannot be ({str(error).partition(':')[0]})"
        raise mistake(where, what, "put it in quotes if it is text") from None


def _text(path: Path, mistake: type[UserMistake]) -> str:
    try:
        with path.open("rb") as file:
            held = file.read(MOST_BYTES + 1)
        if len(held) > MOST_BYTES:
            raise mistake(str(path), f"has more than {MOST_BYTES:,} bytes", "name a YAML file")
        return held.decode("utf-8-sig")
    except FileNotFoundError:
        raise mistake(str(path), "no such file", "check the path") from None
    except IsADirectoryError:
        raise mistake(str(path), "is a folder", "name a YAML file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise mistake(f"{path}, line {line}", "is not UTF-8", "save the file as UTF-8") from None
    except OSError as error:
        raise mistake(str(path), f"cannot be read ({error.strerror})", "check the path and its permissions") from None


def _marked(error: yaml.MarkedYAMLError, where: str, mistake: type[UserMistake]) -> UserMistake:
    problem = str(error.problem)
    opened = error.context_mark if "end" in problem and "stream" in problem else None
    mark = opened or error.problem_mark
    place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
    if opened:
        return mistake(place, "a bracket or quote opens here and is not closed", "close it")
    if "constructor for the tag" in problem:
        return mistake(place, f"has the tag {problem.rpartition('the tag ')[2]}", UNTAGGED)
    if "'\\t'" in problem:
        return mistake(place, "has a tab", "indent with spaces")
    if isinstance(error, yaml.composer.ComposerError) and "another document" in problem:
        return mistake(place, "begins a second document", "keep one of them, and remove '---'")
    if error.context_mark and "flow" in str(error.context):
        problem += f", within the bracket of line {error.context_mark.line + 1}"
    colon = " (': ' in a text needs them)" if "mapping values" in problem else ""
    return mistake(place, f"is not YAML ({problem})", f"check indentation and quotes{colon}")


def _check(root: yaml.Node, where: str, mistake: type[UserMistake]) -> None:
    """Refuse keys that stand twice, and aliases that would make a small file huge, before any of it is built."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    doubled: list[UserMistake] = []

    def size(node: yaml.Node) -> int:
        if id(node) in open_nodes:
            line = node.start_mark.line + 1
            raise mistake(f"{where}, line {line}", "holds an alias of itself", "write the values out")
        if id(node) not in sizes:
            open_nodes.add(id(node))
            if isinstance(node, yaml.MappingNode):
                doubled.extend(_doubled(node, where, mistake))
            if isinstance(node, yaml.ScalarNode) and SURROGATE.search(node.value):
                line = node.start_mark.line + 1
                raise mistake(f"{where}, line {line}", "holds half of a surrogate pair", "repair the escape")
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
            open_nodes.remove(id(node))
        return sizes[id(node)]

    if size(root) > MOST_VALUES:
        raise mistake(where, f"has more than {MOST_VALUES:,} values", "look for aliases (*name) within aliases")
    raise_all(doubled)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _doubled(node: yaml.MappingNode, where: str, mistake: type[UserMistake]) -> list[UserMistake]:
    lines: dict[tuple[str, str], int] = {}
    found: list[UserMistake] = []
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = (key.tag, key.value), key.start_mark.line + 1
        if name in lines:
            what = f"the key '{key.value}' stands in line {lines[name]} already"
            found.append(mistake(f"{where}, line {line}", what, "keep one of them"))
        lines.setdefault(name, line)
    return found
