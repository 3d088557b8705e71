"""What is wrong with the fields of a task file: each fault once, with its field and how often it occurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake

KINDS = {list: "a list", dict: "an object", str: "a text", bool: "a truth value", type(None): "null"}
NONE = "-"  # v1 writes it where a task has none of something
EXTRAS = {"reason": ("reason", "explanation"), "suggestion": ("suggestion",)}


class Faults:
    """Reads the fields of one file and keeps what is wrong with them; what is wrong is left out of what is given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: dict[tuple[str, str], tuple[str, int, str]] = {}  # (field, what) -> first place, count, remedy

    def tell(self, field: str, what: str, remedy: str = "", place: str = "") -> None:
        """Note a fault of `field`, first met at `place` of it."""
        first, count, remedy = self._told.get((field, what), (place, 0, remedy))
        self._told[field, what] = first, count + 1, remedy

    def tells(self, field: str) -> bool:
        """Whether a fault of `field` is told already."""
        return any(told == field for told, _ in self._told)

    @property
    def mistakes(self) -> list[DataMistake]:
        """One for each fault, in the order in which they were met."""
        return [
            DataMistake(f"{self.path}: {field}{place}", what + (f" (as in {count - 1} more)" if count > 1 else ""), how)
            for (field, what), (place, count, how) in self._told.items()
        ]

    def texts(self, values: Mapping[str, Any], field: str) -> tuple[str, ...]:
        """A field that holds a text, or a list of texts; "-" and blank ones are none."""
        value = values[field]
        found = value if isinstance(value, list) else [value]
        for number, each in enumerate(found):
            if not isinstance(each, str) and (each is not None or field == "Definition"):
                place = f"[{number}]" if isinstance(value, list) else ""
                self.tell(field, f"is {kind_of(each)} where a text was expected", "put it in quotes", place)
        return tuple(each for each in found if isinstance(each, str) and each.strip() not in ("", NONE))

    def mapping(self, values: Mapping[str, Any], field: str) -> Mapping[str, Any]:
        value = values.get(field, {})
        if isinstance(value, dict):
            return value
        self.tell(field, f"is {kind_of(value)} where an object was expected", '{"Positive Examples": […], …}')
        return {}

    def examples(self, values: Mapping[str, Any], field: str, inside: str = "") -> Iterator[dict[str, str]]:
        """The examples of a list as input, output, reason and suggestion; "-" in the place of one is none."""
        name, listed = f"{inside}{field}", values.get(field, [])
        if not isinstance(listed, list):
            if listed != NONE:
                self.tell(name, f"is {kind_of(listed)} where a list of examples was expected", "an empty list is none")
            return
        for number, each in enumerate(listed):
            if each == NONE:
                continue
            if not isinstance(each, dict):
                self.tell(
                    name, f"is {kind_of(each)} where an example was expected", "write input and output", f"[{number}]"
                )
            elif self._said(each, name, number):
                yield {"input": each["input"], "output": each["output"], **_extras(each)}

    def _said(self, example: Mapping[str, Any], name: str, number: int) -> bool:
        """Whether an example has input and output; whatever else it has must be text too."""
        place, sound = f"[{number}]", True
        for key in ("input", "output"):
            if not isinstance(example.get(key), str):
                what = f"{kind_of(example[key])} where a text was expected" if key in example else "missing"
                self.tell(name, f"its {key} is {what}", "", place)
                sound = False
        for key in (key for keys in EXTRAS.values() for key in keys):
            if not isinstance(example.get(key, ""), str | None):
                self.tell(name, f"its {key} is {kind_of(example[key])} where a text was expected", "", place)
        return sound

    def instances(self, values: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(number, instance) of those that have an input and at least one output, which may be a bare text."""
        listed = values.get("Instances", [])
        if not isinstance(listed, list):
            self.tell("Instances", f"is {kind_of(listed)} where a list was expected")
        elif not listed and "Instances" in values:
            self.tell("Instances", "is empty", "a task without instances teaches and asks nothing: leave the file out")
        for number, each in enumerate(listed if isinstance(listed, list) else ()):
            if what := _wrong_with(each):
                self.tell("Instances", what, "", f"[{number}]")
            else:
                yield number, each


def kind_of(value: Any) -> str:
    return KINDS.get(type(value), "a number")


def _wrong_with(instance: Any) -> str:
    """What is wrong with an instance, or nothing."""
    if not isinstance(instance, dict):
        return f"is {kind_of(instance)} where an object was expected"
    given, output = instance.get("input"), instance.get("output")
    if not isinstance(given, str):
        return f"its input is {kind_of(given) if 'input' in instance else 'missing'}"
    if "output" not in instance:
        return "its output is missing"
    if isinstance(output, str):
        return ""
    if not isinstance(output, list):
        return f"its output is {kind_of(output)} where a list of texts was expected"
    wrong = next((each for each in output if not isinstance(each, str)), None)
    if wrong is not None or None in output:
        return f"its output holds {kind_of(wrong)} where texts were expected"
    return "" if output else "its output is an empty list"


def _extras(example: Mapping[str, Any]) -> dict[str, str]:
    """Reason and suggestion under whichever of their names is there; "-" and blank ones are left out."""
    found = {part: next((example[key] for key in keys if example.get(key)), "") for part, keys in EXTRAS.items()}
    return {part: text for part, text in found.items() if isinstance(text, str) and text.strip() not in ("", NONE)}
