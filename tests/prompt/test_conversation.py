"""Rows that are instructions already become examples; odd ones are told by file and record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Dataset, Row, Source
from unseen.errors import DataMistake, UserMistake
from unseen.prompt.conversation import conversation
from unseen.prompt.example import Example, Segment, Span


def dataset(kind: str, *said: dict[str, Any]) -> Dataset:
    splits = {"train": Source("chats.jsonl", "jsonl")}
    return Dataset("talk", "chat", splits, ("talk",), kind=kind, templates=said, file=Path("talk.yaml"))


def example(kind: str, values: dict[str, Any], *said: dict[str, Any]) -> Example:
    made = conversation(dataset(kind, *said), Row("train", 7, values))
    assert made is not None
    return made


TURNS = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": " Hi there. "},
    {"role": "user", "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "now?"}]},
    {"role": "assistant", "content": "Now we talk."},
    {"role": "user", "content": "Thanks"},
]


def test_every_assistant_turn_is_learned_from() -> None:
    made = example("messages", {"messages": TURNS})
    assert [(s.role, s.text, s.weight) for s in made.segments] == [
        ("system", "Be kind.", 0.0),
        ("user", "Hello", 0.0),
        ("assistant", "Hi there.", 1.0),
        ("user", "And now?", 0.0),
        ("assistant", "Now we talk.", 1.0),
    ]
    assert made.id == "chat/talk|as_written|train/7"
    assert (made.completion, made.references) == ("Now we talk.", ("Now we talk.",))


def test_only_the_last_turn_where_the_description_says_so() -> None:
    made = example("messages", {"messages": TURNS}, {"loss": "last"})
    assert [s.weight for s in made.segments] == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_sharegpt_says_the_same_in_other_words() -> None:
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    turns = [{"from": names[t["role"]], "value": t["content"]} for t in TURNS]
    made = example("sharegpt", {"conversations": turns})
    assert made == example("messages", {"messages": TURNS})


def test_alpaca_with_and_without_input() -> None:
    made = example("alpaca", {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"})
    assert made.segments[0] == Segment("user", "Translate.\n\nGuten Tag", 0.0, "row", (Span(12, 21, ("input",)),))
    assert made.completion == "Good day"
    for empty in ({"input": ""}, {"input": None}, {}):
        assert example("alpaca", {"instruction": "Sing.", "output": "La", **empty}).prompt == "Sing."


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "Say it.", "completion": "it"},
        {"inputs": "Say it.", "targets": "it"},
        {"inputs": [3, 4], "targets": [5], "inputs_pretokenized": "Say it.", "targets_pretokenized": "it\n"},
        {"prompt": "Say it.", "response": "it"},
        {"input": "Say it.", "output": "it"},
    ],
)
def test_rendered_instruction_data_is_read_in_its_published_columns(values: dict[str, Any]) -> None:
    made = example("prompt_completion", values)
    assert (made.prompt, made.completion) == ("Say it.", "it")


def test_several_targets_are_references() -> None:
    made = example("prompt_completion", {"inputs": "Name a colour.", "targets": ["red", "blue", "red"]})
    assert (made.completion, made.references) == ("red", ("red", "blue"))


def test_an_end_marker_is_text_unless_the_description_names_it() -> None:
    values = {"prompt": "Say it.", "completion": "it<|endoftext|>"}
    assert example("prompt_completion", values).completion == "it<|endoftext|>"
    made = example("prompt_completion", values, {"end_marker": "<|endoftext|>"})
    assert (made.completion, made.references) == ("it", ("it",))


def test_nothing_to_learn_is_none() -> None:
    silent = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": " "}]
    assert conversation(dataset("messages"), Row("train", 0, {"messages": silent})) is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("messages", {"text": "no turns"}),
        ("messages", {"messages": "Hello"}),
        ("messages", {"messages": []}),
        ("messages", {"messages": ["Hello"]}),
        ("messages", {"messages": [{"role": "tool", "content": "x"}]}),
        ("messages", {"messages": [{"role": "user", "content": None}]}),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
        ("sharegpt", {"conversations": [{"role": "user", "content": "x"}]}),
        ("alpaca", {"instruction": "Sing."}),
        ("alpaca", {"instruction": 3, "output": "x"}),
        ("prompt_completion", {"prompt": "x"}),
        ("prompt_completion", {"prompt": "x", "completion": 3}),
    ],
)
def test_a_bad_shape_names_file_and_record(kind: str, values: dict[str, Any]) -> None:
    with pytest.raises(DataMistake, match=r"^chats.jsonl, record 7: "):
        conversation(dataset(kind), Row("train", 7, values))


@pytest.mark.parametrize("said", [[{"loss": "some"}], [{"los": "last"}], [{}, {}]])
def test_a_wrong_way_of_reading_names_the_description(said: list[dict[str, Any]]) -> None:
    with pytest.raises(UserMistake, match=r"^talk.yaml"):
        conversation(dataset("messages", *said), Row("train", 0, {"messages": TURNS}))
