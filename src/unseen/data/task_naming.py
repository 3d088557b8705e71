"""What a task of Natural Instructions belongs to: its cluster, the datasets that it was made from, its languages.

Super-NaturalInstructions says all of it. For v1 it stands in the task's name, `subtask040_qasc_question_generation`:
the dataset, and which of the paper's six categories (Mishra et al. 2022, table 2) the task is of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from unseen.data.languages import language_code
from unseen.data.task_file import TaskFile

OTHER = "other"
# First match wins. Names of v1's 61 tasks; `classify_incorrect_answer` is a classification, so these come first.
V1_CATEGORIES = tuple(
    (re.compile(pattern), category)
    for pattern, category in (
        (
            "classify|identify_bad|answerability|needed_to_answer|answer_type|typing|temporal_reasoning|span_based|"
            "grammatical|binary",
            "classification",
        ),
        ("overlapping_words|essential_words", "verification"),
        ("wrong_answer|incorrect_(answer|option)", "incorrect_answer_generation"),
        (
            "modification|winogrande_full|_fact$|paraphras|correct_bad_question|story_generation",
            "minimal_text_modification",
        ),
        ("question_generation", "question_generation"),
        ("answer|answering", "answer_generation"),
    )
)
# Names under which the same dataset stands in other catalogs; hold-outs compare origins by name.
ALIASES = {
    "commonsenseqa": "commonsense_qa",
    "cosmosqa": "cosmos_qa",
    "e2e": "e2e_nlg_cleaned",
    "measuring_massive_multitask_language_understanding": "mmlu",
    "miscellaenous": "misc",  # as v1 spells it
    "miscellaneous": "misc",
    "social_iqa": "social_i_qa",
}
V1_DATASETS = ("essential_terms",)  # the only name of two words


def cluster_of(task: TaskFile, name: str) -> str:
    """The slug of the first category; of a v1 task the category that its name tells, or `other`."""
    if task.version == "super":
        return slug(next(iter(task.said.get("Categories", ())), OTHER)) or OTHER
    return next((category for pattern, category in V1_CATEGORIES if pattern.search(name)), OTHER)


def origins_of(task: TaskFile, name: str) -> tuple[str, ...]:
    """The datasets named as sources, without addresses; where none is, the one in the task's name."""
    said = [part for each in task.said.get("Source", ()) for part in _sources(each)] or [_in_name(name)]
    aliases = [ALIASES[each] for each in said if each in ALIASES]
    return tuple(dict.fromkeys((*said, *aliases)))


def languages_of(task: TaskFile) -> tuple[str, ...]:
    """Codes of the input's and the output's languages, each once; English where the file says nothing."""
    said = (*task.said.get("Input_language", ()), *task.said.get("Output_language", ()))
    return tuple(dict.fromkeys(map(language_code, said))) or ("en",)


def slug(words: str) -> str:
    """Lower case with underscores, as Tk-Instruct's evaluation writes categories; other signs are left out."""
    return "_".join(re.sub(r"[^a-z0-9_ -]+", "", words.lower()).split()).strip("_-")


def _sources(said: str) -> Sequence[str]:
    """`scan (https://…)`, `wsc; enhanced_wsc`, `librispeech_asr,`"""
    without_notes = re.sub(r"\([^()]*\)|https?://\S+", " ", said)
    return [name for part in re.split(r"[;,]", without_notes) if (name := part.strip(" \t\n-"))]


def _in_name(name: str) -> str:
    tail = re.sub(r"^(sub)?task\d+_", "", name)
    return next((known for known in V1_DATASETS if tail.startswith(known)), tail.partition("_")[0])
