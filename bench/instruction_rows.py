"""Rows for the benchmarks of tuning, shaped as those of Natural Instructions: a definition, worked examples, an input.

They come from the Super-NaturalInstructions files under `$UNSEEN_DATA` where those are, else they are made of the
shipped rows: each shipped template is a task, whose definition a seeded generator writes. Nothing is copied into the
repository. What stands between a prompt and its completion is in the prompt.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from unseen.data.places import data_root
from unseen.data.rows import open_rows
from unseen.task.catalog import load_catalog
from unseen.task.render import render

Pair = dict[str, str]
SHORT_WORDS = 130  # of a row of many tasks in one step

SENTENCES = """
In this task you are given a short text and have to answer what is asked about it.
Read the whole input before you answer, since the last line often changes what the first one seems to say.
Your answer should follow from the input alone, even where you happen to know better.
Do not explain your answer, and do not repeat the question in it.
Where the input offers several answers, give one of them, written exactly as it stands there.
Where two answers seem to fit, prefer the one that a careful reader would give without looking anything up.
Names, dates and numbers in the input are not made up to mislead you, but they are not always needed either.
Ignore spelling mistakes in the input and do not correct them in your answer.
The answer is usually one word or a short phrase; a whole sentence is rarely right.
Do not begin your answer with words such as "the answer is".
Some inputs are written as a list, some as a letter and some as a question to a friend; all are treated alike.
If the input names a person, refer to that person as the input does.
An answer counts as wrong when it says more than the input supports.
An answer also counts as wrong when it leaves out the very thing that was asked for.
Opinions in the input belong to its writer and are neither to be defended nor to be argued with.
Keep the language of the input, and keep capital letters where it has them.
Pay attention to words such as "not", "never" and "without", which turn the meaning around.
You may meet inputs that are much shorter than the examples; the same rules hold for them.
Think of somebody who has only a moment to read your answer and no chance to ask you what you meant.
When in doubt between a general and a particular answer, choose the particular one.
""".strip().splitlines()
REASONS = (
    "This is what the input says, and nothing in it speaks against it.",
    "The other answers would need something that the input does not tell.",
    "It is the only answer that fits both the first and the last line of the input.",
    "A reader of the input alone would answer in this way too.",
)


@dataclass(frozen=True)
class Worked:
    input: str
    output: str
    reason: str = ""


@dataclass(frozen=True)
class Instructed:
    """A task: its definition, worked examples, and the rows that are asked."""

    name: str
    definition: str
    examples: tuple[Worked, ...]
    rows: tuple[Worked, ...]

    def pairs(self) -> Iterator[Pair]:
        head = f"Task: {self.definition}\n\n" + "".join(
            f"Example {number}\nInput: {each.input}\nOutput: {each.output}\n"
            + (f"Reason: {each.reason}\n\n" if each.reason else "\n")
            for number, each in enumerate(self.examples, 1)
        )
        for row in self.rows:
            prompt = f"{head}Now answer for this input.\nInput: {row.input}\nOutput:\n"
            yield {"prompt": prompt, "completion": f" {row.output}"}


def together(count: int, seed: int = 0) -> list[Pair]:
    """`count` rows of one task: a definition of 100 to 300 words and two examples with reasons."""
    fitting = [
        task
        for task in tasks(seed, definition=(100, 300), examples=2)
        if 100 <= words(task.definition) <= 300 and len(task.rows) >= count and len(task.examples) == 2
    ]
    task = random.Random(seed).choice(sorted(fitting, key=lambda each: each.name))
    return list(islice(task.pairs(), count))


def of_many_tasks(count: int, seed: int = 0) -> list[Pair]:
    """`count` short rows, drawn at random out of all tasks: definitions and one example, without reasons."""
    found = [pair for task in tasks(seed, definition=(25, 60), examples=1) for pair in task.pairs()]
    short = [pair for pair in found if words(pair["prompt"]) <= SHORT_WORDS and words(pair["completion"]) <= 30]
    return random.Random(seed).sample(short, min(count, len(short)))


def grouped(count: int, group: int, seed: int = 0) -> list[Pair]:
    """`count` short rows, `group` of each task, as far as there are tasks with so many: a row may come again."""
    found = tasks(seed, definition=(25, 60), examples=1)
    short = [[pair for pair in task.pairs() if words(pair["prompt"]) <= SHORT_WORDS] for task in found]
    draw = random.Random(seed)
    fitting = [pairs for pairs in short if len(pairs) >= group]
    order = [pairs for _ in range(-(-count // len(fitting))) for pairs in draw.sample(fitting, len(fitting))]
    return [pair for pairs in order for pair in draw.sample(pairs, group)][:count]


def apart(count: int, seed: int = 0) -> list[Pair]:
    """`count` rows of the shipped tasks, no two of which begin with the same word."""
    by_start = {pair["prompt"].split()[0]: pair for pair in shuffled(shipped_pairs(), seed)}
    return [{**pair, "prompt": pair["prompt"] + "\n"} for pair in islice(by_start.values(), count)]


def tasks(seed: int, definition: tuple[int, int], examples: int) -> list[Instructed]:
    """The real tasks where they are, else made ones with definitions of so many words."""
    root = data_root()
    folder = root / "super_natural_instructions" / "tasks" if root else None
    if folder and folder.is_dir():
        return [_read(path, examples) for path in sorted(folder.glob("*.json"))]
    return _made(seed, definition, examples)


def _read(path: Path, examples: int) -> Instructed:
    held = json.loads(path.read_text("utf-8"))
    worked = [
        Worked(each["input"], each["output"], each.get("explanation", "") if examples > 1 else "")
        for each in held["Positive Examples"][:examples]
    ]
    rows = [Worked(each["input"], each["output"][0]) for each in held["Instances"] if each["output"]]
    definition = held["Definition"]  # a list of one text in most files, a text in some
    text = definition if isinstance(definition, str) else definition[0]
    return Instructed(path.stem, text, tuple(worked), tuple(rows))


def _made(seed: int, definition: tuple[int, int], examples: int) -> list[Instructed]:
    grouped: dict[str, list[Pair]] = defaultdict(list)
    for pair in shipped_pairs():
        grouped[pair["task"]].append(pair)
    made = []
    for name, pairs in grouped.items():
        draw = random.Random(f"{seed} {name}")
        reasons = REASONS if examples > 1 else ("",)
        worked = [Worked(each["prompt"], each["completion"], draw.choice(reasons)) for each in pairs[:examples]]
        rows = [Worked(each["prompt"], each["completion"]) for each in pairs[examples:]]
        made.append(Instructed(name, _definition(draw, definition), tuple(worked), tuple(rows)))
    return made


def _definition(draw: random.Random, length: tuple[int, int]) -> str:
    wanted, chosen = draw.randint(*length), list[str]()
    for sentence in draw.sample(SENTENCES, len(SENTENCES)):
        if sum(map(words, chosen)) + words(sentence) > wanted and sum(map(words, chosen)) >= length[0]:
            break
        chosen.append(sentence)
    return " ".join(chosen)


def shipped_pairs() -> list[Pair]:
    """Every shipped task's train rows through every template: task (its name and its template), prompt, completion."""
    chosen = [each for each in load_catalog(["shipped"]).tasks.values() if not each.name.endswith(":generate")]
    examples = (each for task in chosen for each in render(task, open_rows(task.dataset, "train")))
    return [
        {"task": f"{each.task} {each.template}", "prompt": each.prompt, "completion": each.completion}
        for each in examples
    ]


def shuffled(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    return random.Random(seed).sample(pairs, len(pairs))


def words(text: str) -> int:
    return len(text.split())
