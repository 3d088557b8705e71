"""Task files of Natural Instructions, v1 and Super-NaturalInstructions, as they are: their fields, and every fault.

v1 (allenai/natural-instructions-v1, tasks/*.json) has Title, Prompt, Definition, Things to Avoid, Emphasis & Caution,
Examples and Instances, where "-" says that a task has none of something. Super-NaturalInstructions
(allenai/natural-instructions, tasks/*.json) has Definition, Positive and Negative Examples, Instances and what
describes the task; published files write a list of one text as the text itself here and there, and lack fields. Our
own files are of that kind and have v1's parts too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.data.jsontext import Decoder, beyond, faulty
from unseen.data.task_checks import Faults
from unseen.data.textlines import text_lines
from unseen.errors import DataMistake, UserMistake, raise_all

NEEDED = {
    "v1": ("Title", "Definition", "Emphasis & Caution", "Things to Avoid", "Prompt", "Examples", "Instances"),
    "super": ("Definition", "Categories", "Positive Examples", "Negative Examples", "Instances"),
}
SAID = ("Categories", "Domains", "Source", "Input_language", "Output_language", "Instance License")
TEXTS = {"Title": "title", "Emphasis & Caution": "emphasis", "Things to Avoid": "avoid", "Prompt": "prompt"}


@dataclass(frozen=True, slots=True)
class TaskFile:
    """What a task file says, less its instances, of which it has `instances`.

    `said` holds what describes the task, each as a list of texts; `instruction` the parts of `prompt.Instruction`.
    """

    version: str  # v1 | super
    said: Mapping[str, tuple[str, ...]]
    instruction: Mapping[str, Any]
    instances: int


def read_task_file(path: Path) -> TaskFile:
    """The fields of a task file. Raises `DataMistake`, or all of the file's mistakes together, by field."""
    values = _parsed(path)
    version = "v1" if "Examples" in values else "super"
    faults = Faults(path)
    for field in NEEDED[version]:
        if field not in values:
            faults.tell(field, "is missing", 'write "-" where the task has none' if version == "v1" else "")
    said = {field: faults.texts(values, field) for field in SAID if field in values}
    instruction = _instruction(version, values, faults, path.stem)
    instances = sum(1 for _ in faults.instances(values))
    raise_all(faults.mistakes)
    return TaskFile(version, said, instruction, instances)


def read_instances(path: Path, options: Mapping[str, Any]) -> Iterator[dict[str, Any] | DataMistake]:
    """A record for each instance: its `input`, its `output`s as a list, its `id` where it has one."""
    faults = Faults(path)
    for _, instance in faults.instances(_parsed(path)):
        named = {"id": instance["id"]} if isinstance(instance.get("id"), str) else {}
        outputs = instance["output"]
        output = [outputs] if isinstance(outputs, str) else list(outputs)
        yield {"input": instance["input"], "output": output, **named}
    yield from faults.mistakes


def _instruction(version: str, values: Mapping[str, Any], faults: Faults, name: str) -> dict[str, Any]:
    definitions = faults.texts(values, "Definition") if "Definition" in values else ()
    if not definitions and not faults.tells("Definition"):
        faults.tell("Definition", "is empty", "say what the task is")
    found: dict[str, Any] = {"definition": next(iter(definitions), "")}  # Tk-Instruct takes the first, too
    found |= {part: " ".join(faults.texts(values, field)) for field, part in TEXTS.items() if field in values}
    holder, inside = (faults.mapping(values, "Examples"), "Examples.") if version == "v1" else (values, "")
    for kind, field in (("positive", "Positive Examples"), ("negative", "Negative Examples")):
        found[kind] = list(faults.examples(holder, field, inside))
    return {"title": name if version == "super" else "", **found}


class _Lenient(Decoder):
    """Published files hold NaN where a field is not filled in; it is null here, and a fault only where it is read."""

    def _constant(self, name: str) -> None:
        return None


def _parsed(path: Path) -> dict[str, Any]:
    """The one object of a file. Raises `DataMistake` for what is no JSON, a doubled key, half a character."""
    text, decoder = "".join(text_lines(path, {})), _Lenient()
    start = len(text) - len(text.lstrip())
    try:
        values, end = decoder.decode(text, start)
    except (ValueError, RecursionError) as error:
        raise _no_json(path, text, error) from None
    if text[end:].strip():
        line = text.count("\n", 0, end) + 1
        raise DataMistake(f"{path}, line {line}", "holds text after the end of its object", "a task is one object")
    if wrong := faulty(decoder, values, text, str(path)):
        raise wrong
    if not isinstance(values, dict):
        raise DataMistake(str(path), "holds no object", 'a task is {"Definition": …, "Instances": […], …}')
    return values


def _no_json(path: Path, text: str, error: Exception) -> UserMistake:
    place = getattr(error, "pos", 0)
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    what = getattr(error, "msg", beyond(error)).removesuffix(" at")
    return DataMistake(f"{path}, line {line}, column {column}", f"is not JSON ({what})", "is the file whole?")
