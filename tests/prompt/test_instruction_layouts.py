"""What an instruction's prompt is, to the character: hand-worked after Tk-Instruct's collator and v1's encoding script.

`src/ni_collator.py` of Tk-Instruct: a full stop where a text ends without ASCII punctuation, a space before "Positive
Example" and "Output", two line breaks between blocks, a space at the very end. `src/utils/encodeinstruction.py` of
Natural Instructions v1: `Field: text` lines in the given order, examples titled "Negative Example1- ", `output:` last.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Row
from unseen.errors import TemplateMistake, TooLong
from unseen.prompt.encodings import NAMED, encoding_named
from unseen.prompt.example import Example
from unseen.prompt.fit import fit
from unseen.prompt.instruction import Instructed, Instruction, InstructionExample
from unseen.prompt.way import compile_way, prompt_source
from unseen.task.render import example_of
from unseen.task.task import Task

INSTRUCTION = Instruction(
    title="Naming colours",
    definition="  Name the colour of the thing ",
    emphasis="Write one word.",
    avoid="Shades (for example teal)",
    prompt="Which colour is it?",
    positive=(
        InstructionExample("grass", "green", "Grass is green"),
        InstructionExample("snow.", " white!", ""),
        InstructionExample("coal", "black"),
    ),
    negative=(
        InstructionExample("sky", "it is blue", "That is a sentence", "Write only: blue"),
        InstructionExample("blood", "scarlet", "Scarlet is a shade."),
    ),
)
ROW = Row("all", 3, {"input": " a ripe lemon ", "output": ["yellow"]})


def way(name: str, instruction: Instruction = INSTRUCTION) -> Instructed:
    return Instructed(instruction, encoding_named(name, "test"), "colours")


def task(name: str, instruction: Instruction = INSTRUCTION) -> Task:
    dataset = Dataset("colours", "naming", {}, ("colours",))
    return Task("naming/colours", dataset, (way(name, instruction),), "generate", ("rouge_l",))


def example(name: str, row: Row = ROW) -> Example:
    found = example_of(task(name), 0, row)
    assert found is not None
    return found


def prompt(name: str) -> str:
    return example(name).prompt


ASKED = "Now complete the following example -\nInput: a ripe lemon.\nOutput: "


def test_tk_instruct_is_a_definition_and_two_positive_examples() -> None:
    assert prompt("tk_instruct") == (
        "Definition: Name the colour of the thing.\n"
        "\n"
        " Positive Example 1 -\n"
        "Input: grass.\n"
        " Output: green.\n"
        "\n"
        " Positive Example 2 -\n"
        "Input: snow.\n"
        " Output: white!\n"
        "\n"
        "Now complete the following example -\n"
        "Input: a ripe lemon.\n"
        "Output: "
    )


def test_examples_alone_and_explanations_where_there_are_any() -> None:
    assert prompt("positive2+explanations") == (
        " Positive Example 1 -\nInput: grass.\n Output: green.\n Explanation: Grass is green.\n\n"
        " Positive Example 2 -\nInput: snow.\n Output: white!\n\n" + ASKED
    )


def test_negative_examples_follow_the_positive_ones() -> None:
    assert prompt("definition+positive1+negative2+explanations") == (
        "Definition: Name the colour of the thing.\n\n"
        " Positive Example 1 -\nInput: grass.\n Output: green.\n Explanation: Grass is green.\n\n"
        " Negative Example 1 -\nInput: sky.\n Output: it is blue.\n Explanation: That is a sentence.\n\n"
        " Negative Example 2 -\nInput: blood.\n Output: scarlet.\n Explanation: Scarlet is a shade.\n\n" + ASKED
    )


def test_a_definition_alone_the_name_alone_and_nothing() -> None:
    assert prompt("definition") == "Definition: Name the colour of the thing.\n\n" + ASKED
    assert prompt("task_name") == "Naming colours. " + ASKED
    assert prompt("input") == ASKED


def test_what_a_task_lacks_leaves_no_trace() -> None:
    bare = task("definition+positive2+negative2", Instruction(definition="Do it!"))
    found = example_of(bare, 0, ROW)
    assert found is not None and found.prompt == "Definition: Do it!\n\n" + ASKED
    assert compile_way(way("tk_instruct", Instruction())).render(ROW).prompt == ASKED  # type: ignore[union-attr]


def test_the_full_layout_of_v1() -> None:
    assert prompt("natural_instructions") == (
        "Definition: Name the colour of the thing\n"
        "Prompt: Which colour is it?\n"
        "Things to Avoid: Shades (for example teal)\n"
        "Emphasis & Caution: Write one word.\n"
        "Negative Example1- \n"
        "input: sky\n"
        "output: it is blue\n"
        "reason: That is a sentencesuggestion: Write only: blue\n"
        "Negative Example2- \n"
        "input: blood\n"
        "output: scarlet\n"
        "reason: Scarlet is a shade.\n"
        "Positive Example1- \n"
        "input: grass\n"
        "output: green\n"
        "reason: Grass is green\n"
        "Positive Example2- \n"
        "input: snow.\n"
        "output:  white!\n"
        "Positive Example3- \n"
        "input: coal\n"
        "output: black\n"
        "input:  a ripe lemon \n"
        "output:"
    )


def test_v1_writes_parts_in_the_order_given_and_examples_without_explanations_bare() -> None:
    assert prompt("natural_instructions:prompt+title+positive1") == (
        "Prompt: Which colour is it?\nTitle: Naming colours\ninput: grass\noutput: green\n"
        "input:  a ripe lemon \noutput:"
    )
    assert prompt("natural_instructions-examples-avoid-emphasis") == (
        "Definition: Name the colour of the thing\nPrompt: Which colour is it?\ninput:  a ripe lemon \noutput:"
    )


def test_the_answer_follows_behind_a_space_in_both_layouts() -> None:
    tk, ni = example("tk_instruct"), example("natural_instructions")
    assert (tk.prompt + tk.separator + tk.completion).endswith("Output: yellow")
    assert (ni.prompt + ni.separator + ni.completion).endswith("output: yellow")


@pytest.mark.parametrize("name", ["tk_instruct", "definition+positive+negative", "natural_instructions", "input"])
def test_spans_are_the_rows_texts_and_pieces_the_examples(name: str) -> None:
    found = example(name)
    user, assistant = found.segments
    assert [user.text[s.start : s.end].strip() for s in user.spans] == ["a ripe lemon"]
    assert [assistant.text[s.start : s.end] for s in assistant.spans] == ["yellow"]
    assert [s.columns for s in (*user.spans, *assistant.spans)] == [("input",), ("output",)]
    shown = [user.text[start:end] for start, end in user.exemplars]
    given = [*INSTRUCTION.positive, *INSTRUCTION.negative]
    assert len(shown) == {"tk_instruct": 2, "input": 0}.get(name, 5)
    for text in shown:
        assert sum(each.input in text and each.output.strip() in text for each in given) == 1 and text.endswith("\n")


def words(example: Example) -> int:
    return sum(len(segment.text.split()) for segment in example.segments)


def test_to_fit_the_last_examples_go_first_and_the_definition_never() -> None:
    """Tk-Instruct adds examples while they fit, positive ones first; then it cuts the question's end, which we never
    do: the input is trimmed."""
    shown = ("positive3+negative2", "positive3+negative1", "positive3", "positive2", "positive1")
    kept = [example(f"definition+{examples}") for examples in shown] + [example("definition")]
    whole = kept[0]
    for dropped, expected in enumerate(kept):
        fitted, counts = fit(whole, words(expected), words)
        assert fitted.segments[0] == expected.segments[0]
        assert counts == ({"exemplars_dropped": dropped} if dropped else {})
    fitted, counts = fit(whole, words(kept[-1]) - 1, words)
    assert counts == {"exemplars_dropped": 5, "field_trimmed": 1}
    assert fitted.prompt.startswith("Definition: Name the colour of the thing.\n\nNow complete")
    with pytest.raises(TooLong):
        fit(whole, 3, words)


def test_the_completion_is_one_of_the_outputs_the_same_in_every_split_and_encoding() -> None:
    outputs = [f"answer {number}" for number in range(8)]
    rows = [Row(split, index, {"input": "x", "output": outputs}) for split in ("all", "train") for index in range(40)]
    drawn = {name: [example(name, row).completion for row in rows] for name in ("tk_instruct", "natural_instructions")}
    first, again = drawn["tk_instruct"][:40], drawn["tk_instruct"][40:]
    assert first == again and drawn["natural_instructions"] == drawn["tk_instruct"]
    assert len(set(first)) > 4 and example("input", rows[0]).references == tuple(outputs)


def test_rows_whose_outputs_are_all_blank_render_empty_and_blank_ones_are_no_references() -> None:
    assert example_of(task("input"), 0, Row("all", 0, {"input": "x", "output": ["", " "]})) is None
    assert example("input", Row("all", 0, {"input": "x", "output": ["", " a "]})).references == ("a",)


def test_a_row_without_the_columns_is_told() -> None:
    with pytest.raises(TemplateMistake, match=r"row all/0.*no column 'output'"):
        example_of(task("input"), 0, Row("all", 0, {"input": "x"}))


def test_truncation_cuts_the_input_alone() -> None:
    rendered = compile_way(way("tk_instruct")).render(ROW, truncate_chars=8)
    assert rendered is not None and "Input: a...\n" in rendered.prompt and " Output: green." in rendered.prompt


def test_a_list_of_ways_shows_where_the_rows_text_goes() -> None:
    assert prompt_source(way("input")) == "Now complete the following example -\nInput: {{ input }}\nOutput: "


ANY = st.text(alphabet="ab.?! \n漢é", min_size=0, max_size=12)
EXAMPLES = st.lists(st.builds(InstructionExample, ANY, ANY, ANY, ANY), max_size=4).map(tuple)
INSTRUCTIONS = st.builds(Instruction, ANY, ANY, ANY, ANY, ANY, EXAMPLES, EXAMPLES)
NAMES = st.sampled_from([*NAMED, "definition+positive+negative+explanations", "natural_instructions-prompt"])


@given(INSTRUCTIONS, NAMES, ANY, st.integers(0, 200))
def test_whatever_the_texts_fitting_drops_whole_examples_and_spans_stay_right(
    instruction: Instruction, name: str, given: str, limit: int
) -> None:
    row = Row("all", 0, {"input": given, "output": ["b"]})
    whole = example_of(task(name, instruction), 0, row)
    assert whole is not None
    user = whole.segments[0]
    texts = [user.text[start:end] for start, end in user.exemplars]

    def size(each: Example) -> int:
        return len(each.prompt)

    try:
        fitted, counts = fit(whole, limit, size)
    except TooLong:
        return
    kept = fitted.segments[0]
    assert [kept.text[start:end] for start, end in kept.exemplars] == texts[: len(kept.exemplars)]
    assert len(texts) - len(kept.exemplars) == counts.get("exemplars_dropped", 0) and len(kept.text) <= limit
    assert all(given.strip().startswith(kept.text[s.start : s.end].strip()) for s in kept.spans)
