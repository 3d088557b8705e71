"""Task files of Natural Instructions, v1 and Super-NaturalInstructions: read as they are, all faults told at once."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from unseen.data.task_file import TaskFile, read_instances, read_task_file
from unseen.data.task_naming import cluster_of, languages_of, origins_of
from unseen.errors import DataMistake, UserMistake

SUPER: dict[str, Any] = {
    "Source": ["winograd_wsc"],
    "Categories": ["Coreference Resolution"],
    "Domains": ["Narrative", "Dialogue"],
    "Definition": ["Say whom the pronoun means."],
    "Input_language": ["English"],
    "Output_language": ["English"],
    "Positive Examples": [{"input": "a", "output": "b", "explanation": "since"}],
    "Negative Examples": [{"input": "c", "output": "d", "explanation": "-"}],
    "Instances": [{"id": "x-1", "input": "e", "output": ["f", "g"]}, {"input": "h", "output": ["i"]}],
    "Instance License": ["MIT"],
}
V1: dict[str, Any] = {
    "Title": "Asking",
    "Prompt": "-",
    "Definition": "Ask a question.",
    "Things to Avoid": "-",
    "Emphasis & Caution": "Be brief.",
    "Instances": [{"input": "a", "output": ["b"]}],
    "Examples": {
        "Positive Examples": [{"input": "p", "output": "q", "reason": "r"}],
        "Negative Examples": ["-"],
    },
}


def changed(values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with fields replaced; None takes a field out. `Positive_Examples` stands for "Positive Examples"."""
    made = copy.deepcopy(values)
    for name, value in changes.items():
        made[name.replace("_Examples", " Examples")] = value
        if value is None:
            del made[name.replace("_Examples", " Examples")]
    return made


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(values: Any, name: str = "task001_made_up") -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
        return path

    return write


def faults(path: Path) -> list[str]:
    """The lines of a file's mistakes, without the folder."""
    with pytest.raises(UserMistake) as caught:
        read_task_file(path)
    return [line.removeprefix(f"{path}: ").removeprefix(f"{path}, ") for line in caught.value.lines]


def test_a_super_natural_instructions_file(file: Any) -> None:
    found = read_task_file(file(SUPER))
    assert (found.version, found.instances) == ("super", 2)
    assert found.said["Categories"] == ("Coreference Resolution",) and found.said["Domains"] == (
        "Narrative",
        "Dialogue",
    )
    assert found.instruction == {
        "title": "task001_made_up",
        "definition": "Say whom the pronoun means.",
        "positive": [{"input": "a", "output": "b", "reason": "since"}],
        "negative": [{"input": "c", "output": "d"}],
    }


def test_a_v1_file_where_a_dash_is_nothing(file: Any) -> None:
    found = read_task_file(file(V1))
    assert (found.version, found.instances) == ("v1", 1)
    assert found.instruction == {
        "title": "Asking",
        "definition": "Ask a question.",
        "emphasis": "Be brief.",
        "avoid": "",
        "prompt": "",
        "positive": [{"input": "p", "output": "q", "reason": "r"}],
        "negative": [],
    }


def test_a_super_natural_instructions_file_may_have_v1s_parts(file: Any) -> None:
    found = read_task_file(file(SUPER | {"Title": "Pronouns", "Things to Avoid": "Guessing"}))
    assert (found.version, found.instruction["title"], found.instruction["avoid"]) == ("super", "Pronouns", "Guessing")


def test_a_text_in_the_place_of_a_list_and_missing_descriptions_are_as_published_files_have_them(file: Any) -> None:
    bare = changed(SUPER, Source=None, Domains=None, Input_language=None, Output_language=None)
    bare |= {"Definition": "One text", "Categories": "Coreference Resolution", "URL": [float("nan")]}
    bare["Instances"] = [{"input": "e", "output": "f"}]
    path = file(bare)
    found = read_task_file(path)
    assert found.instruction["definition"] == "One text" and found.said["Categories"] == ("Coreference Resolution",)
    assert list(read_instances(path, {})) == [{"input": "e", "output": ["f"]}]


def test_instances_are_records_with_lists_of_outputs(file: Any) -> None:
    assert list(read_instances(file(SUPER), {})) == [
        {"input": "e", "output": ["f", "g"], "id": "x-1"},
        {"input": "h", "output": ["i"]},
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"Definition": None}, "Definition: is missing"),
        ({"Definition": []}, "Definition: is empty; say what the task is"),
        ({"Definition": [" "]}, "Definition: is empty"),
        ({"Definition": 3}, "Definition: is a number where a text was expected"),
        ({"Categories": [{"a": 1}]}, "Categories[0]: is an object where a text was expected"),
        ({"Positive_Examples": None}, "Positive Examples: is missing"),
        (
            {"Positive_Examples": {"input": "a"}},
            "Positive Examples: is an object where a list of examples was expected",
        ),
        ({"Positive_Examples": ["a"]}, "Positive Examples[0]: is a text where an example was expected"),
        ({"Positive_Examples": [{"input": "a"}]}, "Positive Examples[0]: its output is missing"),
        (
            {"Negative_Examples": [{"input": 1, "output": "a"}]},
            "Negative Examples[0]: its input is a number where a text",
        ),
        (
            {"Negative_Examples": [{"input": "a", "output": "b", "explanation": ["c"]}]},
            "Negative Examples[0]: its explanation is a list where a text was expected",
        ),
        ({"Instances": None}, "Instances: is missing"),
        ({"Instances": []}, "Instances: is empty"),
        ({"Instances": {"0": {}}}, "Instances: is an object where a list was expected"),
        ({"Instances": [{"output": ["a"]}]}, "Instances[0]: its input is missing"),
        ({"Instances": [{"input": "a"}]}, "Instances[0]: its output is missing"),
        ({"Instances": [{"input": "a", "output": 3}]}, "Instances[0]: its output is a number where a list of texts"),
        ({"Instances": [{"input": "a", "output": [None]}]}, "Instances[0]: its output holds null where texts"),
        ({"Instances": [{"input": "a", "output": [["b"]]}]}, "Instances[0]: its output holds a list where texts"),
        ({"Instances": [{"input": "a", "output": []}]}, "Instances[0]: its output is an empty list"),
        ({"Instances": ["a"]}, "Instances[0]: is a text where an object was expected"),
    ],
)
def test_every_fault_is_told_by_its_field(file: Any, change: dict[str, Any], line: str) -> None:
    lines = faults(file(changed(SUPER, **change)))
    assert len(lines) == 1 and lines[0].startswith(line), lines


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"Title": None}, 'Title: is missing; write "-" where the task has none'),
        ({"Examples": ["-"]}, "Examples: is a list where an object was expected"),
        ({"Examples": {"Positive Examples": [{"input": "a"}]}}, "Examples.Positive Examples[0]: its output is missing"),
        ({"Prompt": [1]}, "Prompt[0]: is a number where a text was expected"),
    ],
)
def test_v1s_faults_too(file: Any, change: dict[str, Any], line: str) -> None:
    lines = faults(file(changed(V1, **change)))
    assert len(lines) == 1 and lines[0].startswith(line), lines


def test_all_faults_of_a_file_are_told_together_and_the_same_one_once_with_its_number(file: Any) -> None:
    wrong = changed(SUPER, Definition=None, Positive_Examples="none", Instances=[{"input": "a", "output": 1}] * 7)
    assert faults(file(wrong)) == [
        "Definition: is missing",
        "Positive Examples: is a text where a list of examples was expected; an empty list is none",
        "Instances[0]: its output is a number where a list of texts was expected (as in 6 more)",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"Definition": ["a"],\n "Instances": [', "line 2, column"),
        ("", "is not JSON"),
        ("[]", "holds no object"),
        ("{} {}", "holds text after the end of its object"),
        ('{"Definition": "a", "Definition": "b"}', "holds the key 'Definition' twice"),
        ('{"Definition": "\\ud800"}', "half of a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(file: Any, text: str, words: str) -> None:
    (line,) = faults(file(text))
    assert words in line


def test_a_byte_order_mark_does_no_harm_and_other_bytes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SUPER).encode())
    assert read_task_file(path).instances == 2
    path.write_bytes(b'{"Definition": "\xff"}')
    with pytest.raises(DataMistake, match="bytes that are not utf-8"):
        read_task_file(path)


# The categories of v1's 61 tasks, after table 2 of its paper and the lists of its tasks by category.
V1_CATEGORIES = {
    "question_generation": "001_quoref_question_generation 003_mctaco_question_generation_event_duration "
    "006_mctaco_question_generation_transient_stationary 009_mctaco_question_generation_event_ordering "
    "012_mctaco_question_generation_absolute_timepoint 015_mctaco_question_generation_frequency "
    "023_cosmosqa_question_generation 026_drop_question_generation 031_winogrande_question_generation_object "
    "032_winogrande_question_generation_person 040_qasc_question_generation 048_multirc_question_generation "
    "060_ropes_question_generation",
    "answer_generation": "002_quoref_answer_generation 004_mctaco_answer_generation_event_duration "
    "007_mctaco_answer_generation_transient_stationary 010_mctaco_answer_generation_event_ordering "
    "013_mctaco_answer_generation_absolute_timepoint 016_mctaco_answer_generation_frequency "
    "024_cosmosqa_answer_generation 028_drop_answer_generation 033_winogrande_answer_generation "
    "041_qasc_answer_generation 043_essential_terms_answering_incomplete_questions "
    "047_misc_answering_science_questions 051_multirc_correct_answer_single_sentence "
    "054_multirc_write_correct_answer 058_multirc_question_answering 061_ropes_answer_generation",
    "incorrect_answer_generation": "005_mctaco_wrong_answer_generation_event_duration "
    "008_mctaco_wrong_answer_generation_transient_stationary 011_mctaco_wrong_answer_generation_event_ordering "
    "014_mctaco_wrong_answer_generation_absolute_timepoint 017_mctaco_wrong_answer_generation_frequency "
    "025_cosmosqa_incorrect_answer_generation 042_qasc_incorrect_option_generation "
    "055_multirc_write_incorrect_answer",
    "classification": "018_mctaco_temporal_reasoning_presence 019_mctaco_temporal_reasoning_category "
    "020_mctaco_span_based_question 021_mctaco_grammatical_logical 022_cosmosqa_passage_inappropriate_binary "
    "027_drop_answer_type_generation 046_miscellaenous_question_typing 049_multirc_questions_needed_to_answer "
    "050_multirc_answerability 052_multirc_identify_bad_question 056_multirc_classify_correct_answer "
    "057_multirc_classify_incorrect_answer",
    "minimal_text_modification": "029_winogrande_full_object 030_winogrande_full_person "
    "034_winogrande_question_modification_object 035_winogrande_question_modification_person "
    "036_qasc_topic_word_to_generate_related_fact 037_qasc_generate_related_fact 038_qasc_combined_fact "
    "045_miscellaneous_sentence_paraphrasing 053_multirc_correct_bad_question 059_ropes_story_generation",
    "verification": "039_qasc_find_overlapping_words 044_essential_terms_identifying_essential_words",
}


def described(version: str, **said: tuple[str, ...]) -> TaskFile:
    return TaskFile(version, said, {}, 1)


def test_the_name_of_a_v1_task_tells_its_category_and_dataset() -> None:
    task = described("v1")
    found = {name: category for category, names in V1_CATEGORIES.items() for name in names.split()}
    assert len(found) == 61
    assert {name: cluster_of(task, f"subtask{name}") for name in found} == found
    datasets = {origins_of(task, f"subtask{name}")[0] for name in found}
    assert datasets == {
        "quoref", "mctaco", "cosmosqa", "drop", "winogrande", "qasc", "essential_terms", "misc", "miscellaneous",
        "miscellaenous", "multirc", "ropes",
    }  # fmt: skip
    assert cluster_of(task, "subtask099_of_another_kind") == "other"


@pytest.mark.parametrize(
    ("category", "cluster"),
    [("Question Answering", "question_answering"), ("Misc.", "misc"), ("Fill in The Blank", "fill_in_the_blank")],
)
def test_a_super_natural_instructions_category_is_its_cluster(category: str, cluster: str) -> None:
    assert cluster_of(described("super", Categories=(category, "Another")), "task1_x") == cluster


@pytest.mark.parametrize(
    ("source", "origins"),
    [
        (("scan (https://github.com/x/SCAN)",), ("scan",)),
        (("wsc; enhanced_wsc",), ("wsc", "enhanced_wsc")),
        (("librispeech_asr,",), ("librispeech_asr",)),
        (("commonsenseqa",), ("commonsenseqa", "commonsense_qa")),
        ((), ("sst2",)),
    ],
)
def test_sources_without_addresses_and_under_their_other_names(
    source: tuple[str, ...], origins: tuple[str, ...]
) -> None:
    assert origins_of(described("super", Source=source), "task363_sst2_polarity_classification") == origins


def test_languages_are_codes_each_once() -> None:
    task = described("super", Input_language=("English", "Central Khmer"), Output_language=("English", "Klingon"))
    assert languages_of(task) == ("en", "km", "klingon")
    assert languages_of(described("super")) == ("en",)
