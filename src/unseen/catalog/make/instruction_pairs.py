"""How rows of the shipped datasets become instances of the shipped instruction tasks: one function a task.

Outputs are right by construction: gold labels and texts of the rows, or notes that were written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """An input and its right outputs, any of which will do."""

    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A row with its neighbours, and what a note says about it (nothing where there is none)."""

    rows: Sequence[Values]
    index: int
    note: Values

    @property
    def row(self) -> Values:
        return self.rows[self.index]

    @property
    def right(self) -> str:
        return str(self.row["options"][self.row["label"]])


@dataclass(frozen=True, slots=True)
class Rule:
    """How the rows of a dataset become instances: the first `most` that `pair` can use, from row `first` on.

    With `labels`, every one of so many outputs gets the same number of instances.
    """

    pair: Callable[[Place], Pair | None]
    first: int = 0
    most: int = 30
    labels: int = 1


def _question_of_fact(place: Place) -> Pair | None:
    if not place.note:
        return None
    return Pair(f"Report: {place.row['passage']}\nAnswer: {place.note['answers'][0]}", (place.note["question"],))


def _answer_of_fact(place: Place) -> Pair | None:
    return _asked_of_fact(place, "answers")


def _wrong_answer_of_fact(place: Place) -> Pair | None:
    return _asked_of_fact(place, "wrong")


def _asked_of_fact(place: Place, outputs: str) -> Pair | None:
    if not place.note:
        return None
    given = f"Report: {place.row['passage']}\nQuestion: {place.note['question']}"
    return Pair(given, tuple(place.note[outputs]))


# What a guest may want to know: keys of a card of which one must be told, the wish, and two ways to ask.
_WISHES = (
    (("open",), "when it is open", ("When is {} open?", "What are the opening hours of {}?")),
    (("offers",), "what can be had there", ("What can I get at {}?", "What does {} offer?")),
    (("area", "near"), "where it is", ("Where is {}?", "Where can I find {}?")),
    (("prices",), "how expensive it is", ("How expensive is {}?", "What are the prices like at {}?")),
    (("kind",), "what kind of place it is", ("What kind of place is {}?", "What sort of place is {}?")),
)


def _question_about_cafe(place: Place) -> Pair:
    """The wish goes round from row to row; where the card does not tell it, the next one."""
    told = {fact["key"] for fact in place.row["facts"]}
    turned = _WISHES[place.index % len(_WISHES) :] + _WISHES[: place.index % len(_WISHES)]
    wish, questions = next((wish, questions) for keys, wish, questions in turned if told & set(keys))
    text = place.row["texts"][0]
    return Pair(
        f"Text: {text}\nThe guest wants to know: {wish}", tuple(each.format(place.row["name"]) for each in questions)
    )


def _answer_of_quiz(place: Place) -> Pair:
    options = "\n".join(f"- {option}" for option in place.row["options"])
    return Pair(f"{place.row['question']}\n{options}", (place.right,))


def _wrong_answer_of_quiz(place: Place) -> Pair | None:
    question, right = place.row["question"], place.right
    if "of these" in question:  # the others of "these" are not shown
        return None
    wrong = tuple(option for option in place.row["options"] if option != right)
    return Pair(f"Question: {question}\nRight answer: {right}", wrong)


def _bad_advice(place: Place) -> Pair:
    bad = place.row["options"][1 - place.row["label"]]
    return Pair(f"Goal: {place.row['goal']}\nGood advice: {place.right}", (bad,))


def _verdict(place: Place) -> Pair:
    verdict = ("bad", "mixed", "good")[place.row["verdict"]]
    return Pair(f"Review of {place.row['item']}: {place.row['review']}", (verdict,))


def _same_request(place: Place) -> Pair:
    given = f"First request: {place.row['first']}\nSecond request: {place.row['second']}"
    return Pair(given, (("different", "same")[place.row["same"]],))


def _kind_of_question(place: Place) -> Pair:
    kinds = ("person", "place", "number", "time", "thing", "reason")
    return Pair(str(place.row["question"]), (kinds[place.row["kind"]],))


def _turned_pronoun(place: Place) -> Pair | None:
    """Rows come in twos: the same beginning, and the pronoun stands for the one, then for the other."""
    if place.index % 2:
        return None
    row, other = place.row, place.rows[place.index + 1]
    there = str(other["options"][other["label"]])
    given = f"Sentence: {row['sentence']}\nPronoun: {row['pronoun']}\nStands for: {place.right}"
    return Pair(f"{given}\nShould stand for: {there}", (other["sentence"],))


def _corrected(place: Place) -> Pair | None:
    if not place.note:
        return None
    right, wrong = place.note["slip"]
    (sentence,) = (each for each in re.split(r"(?<=[.?!]) (?=[A-Z])", place.row["brief"]) if right in each)
    return Pair(sentence.replace(right, wrong, 1), (sentence,))


def _headline(place: Place) -> Pair | None:
    return Pair(place.row["brief"], tuple(place.note["headlines"])) if place.note else None


def _title(place: Place) -> Pair:
    return Pair(place.row["notice"], (place.row["title"],))


RULES: Mapping[str, Rule] = {
    "task01_fact_follows_question_generation": Rule(_question_of_fact, most=40),
    "task02_cafe_cards_question_generation": Rule(_question_about_cafe),
    "task03_fact_follows_answer_generation": Rule(_answer_of_fact, most=40),
    "task04_world_facts_answer_generation": Rule(_answer_of_quiz, most=36),
    "task05_fact_follows_incorrect_answer_generation": Rule(_wrong_answer_of_fact, most=40),
    "task06_world_facts_incorrect_answer_generation": Rule(_wrong_answer_of_quiz, first=20, most=32),
    "task07_how_to_incorrect_advice_generation": Rule(_bad_advice),
    "task08_shop_reviews_classification": Rule(_verdict, most=36, labels=3),
    "task09_same_request_classification": Rule(_same_request, most=36, labels=2),
    "task10_question_types_classification": Rule(_kind_of_question, most=36, labels=6),
    "task11_who_is_it_reference_modification": Rule(_turned_pronoun),
    "task12_news_briefs_grammar_correction": Rule(_corrected, most=40),
    "task13_notice_titles_title_generation": Rule(_title, most=36),
    "task14_news_briefs_title_generation": Rule(_headline, most=40),
}
