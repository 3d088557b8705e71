"""Rows of real files, with the columns that PromptSource's templates of the same dataset read."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

Values = dict[str, Any]


def table(path: Path, delimiter: str, columns: list[str] | None = None) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        return list(csv.DictReader(file, fieldnames=columns, delimiter=delimiter, quoting=quoting))


def lines(path: Path) -> list[Values]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def listed(path: Path) -> list[Values]:
    rows: list[Values] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def matched(path: Path, column: str, pattern: str) -> list[tuple[dict[str, str], Values]]:
    """The named groups of `pattern` in a column that holds several, with the row; nearly all rows have them."""
    rows = listed(path)
    found = [(match.groupdict(), row) for row in rows if (match := re.fullmatch(pattern, row[column], re.S))]
    assert len(found) > 0.95 * len(rows)
    return found


def rte(folder: Path, one: str, two: str) -> list[Values]:
    labels = {"entailment": 0, "not_entailment": 1}
    rows = table(folder / "test.tsv", "\t")
    return [{one: r["sentence1"], two: r["sentence2"], "label": labels[r["label"]]} for r in rows]


def mnli(folder: Path) -> list[Values]:
    """Without the rows that the annotators left open ("-")."""
    labels = {"entailment": 0, "neutral": 1, "contradiction": 2}
    pattern = r"sentence 1: (?P<premise>.*)\nsentence 2: (?P<hypothesis>.*)"
    found = matched(folder / "test.json", "sentence", pattern)
    return [{**each, "label": labels[row["label"]]} for each, row in found if row["label"] in labels]


def sst2(folder: Path) -> list[Values]:
    return [{"sentence": r["sentence"], "label": int(r["label"])} for r in table(folder / "dev872.tsv", "\t")]


def labelled(folder: Path) -> list[Values]:
    rows = table(folder / "test.csv", ",", ["label", "text"])
    return [{"text": r["text"], "label": int(r["label"])} for r in rows]


def trec(folder: Path) -> list[Values]:
    """Without the fine labels, which these files do not have."""
    return [{"text": r["text"], "label_coarse": r["label"]} for r in labelled(folder)]


def banking(folder: Path) -> list[Values]:
    labels = json.loads((folder / "categories.json").read_text(encoding="utf-8"))
    return [{"text": r["text"], "label": labels.index(r["category"])} for r in table(folder / "test.csv", ",")]


def dbpedia(folder: Path) -> list[Values]:
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    found = matched(folder / "test.json", "sentence", r"Title: (?P<title>.*?)\nText: (?P<content>.*)")
    return [{**each, "label": labels.index(row["label"])} for each, row in found]


def e2e(folder: Path) -> list[Values]:
    rows = table(folder / "testset_w_refs.csv", ",")
    return [{"meaning_representation": r["mr"], "human_reference": r["ref"]} for r in rows]


def options(question: Values) -> dict[str, list[str]]:
    return {key: [choice[key] for choice in question["choices"]] for key in ("label", "text")}


def commonsense(folder: Path) -> list[Values]:
    return [
        {
            "question": r["question"]["stem"],
            "question_concept": r["question"].get("question_concept", ""),
            "choices": options(r["question"]),
            "answerKey": r["answerKey"],
        }
        for r in lines(only(folder, "*.jsonl"))
    ]


def only(folder: Path, pattern: str) -> Path:
    """The first file of that name in the folder, by name."""
    return sorted(folder.glob(pattern))[0]


def arc(folder: Path) -> list[Values]:
    return [
        {"question": r["question"]["stem"], "choices": options(r["question"]), "answerKey": r["answerKey"]}
        for r in lines(only(folder, "*.jsonl"))
    ]


def social(folder: Path) -> list[Values]:
    """Label "1", "2" or "3"; context and question are parted where the last sentence begins."""
    pattern = (
        r"Please choose the correct answer to the question: (?P<context>.*[.!?\"']) ?(?P<question>[A-Z][^.!?]*\?)\s*"
        r"\n\nAnswer1: (?P<answerA>.*) Answer2: (?P<answerB>.*) Answer3: (?P<answerC>.*)\n\nAnswer format: .*"
    )
    return [{**each, "label": row["answer"][-1]} for each, row in matched(folder / "test.json", "instruction", pattern)]


def piqa(folder: Path) -> list[Values]:
    pattern = (
        r"Please choose the correct solution to the question: (?P<goal>.*)\n\nSolution1: (?P<sol1>.*)\n\n"
        r"Solution2: (?P<sol2>.*)\n\nAnswer format: .*"
    )
    found = matched(folder / "test.json", "instruction", pattern)
    return [{**each, "label": int(row["answer"][-1]) - 1} for each, row in found]


def winogrande(folder: Path) -> list[Values]:
    """Answer "1" or "2"."""
    pattern = (
        r"Please choose the correct answer to fill in the blank to complete the given sentence: (?P<sentence>.*)\n\n"
        r"Option1: (?P<option1>.*) Option2: (?P<option2>.*) Answer format: .*"
    )
    found = matched(folder / "test.json", "instruction", pattern)
    return [{**each, "answer": row["answer"][-1]} for each, row in found]


def wsc(folder: Path) -> list[Values]:
    rows = lines(folder / "train.jsonl")
    return [{"text": r["text"], **r["target"], "idx": r["idx"], "label": int(r["label"])} for r in rows]


def boolq(folder: Path) -> list[Values]:
    rows = lines(folder / "fewglue_train.jsonl")
    return [{key: r[key] for key in ("question", "passage", "idx")} | {"label": int(r["label"])} for r in rows]


def multirc(folder: Path) -> list[Values]:
    return [
        {"paragraph": r["passage"]["text"], "question": q["question"], "answer": a["text"], "label": a["label"]}
        for r in lines(folder / "train.jsonl")
        for q in r["passage"]["questions"]
        for a in q["answers"]
    ]


def copa(folder: Path) -> list[Values]:
    items = ElementTree.parse(folder / "copa-test.xml").getroot().findall("item")
    return [
        {
            **{name: item.findtext(tag) for name, tag in (("premise", "p"), ("choice1", "a1"), ("choice2", "a2"))},
            "question": item.get("asks-for"),
            "label": int(item.get("most-plausible-alternative", "")) - 1,
        }
        for item in items
    ]


REAL: dict[str, tuple[str, Callable[[Path], list[Values]]]] = {
    "glue/rte": ("glue_rte", lambda folder: rte(folder, "sentence1", "sentence2")),
    "super_glue/rte": ("glue_rte", lambda folder: rte(folder, "premise", "hypothesis")),
    "glue/mnli": ("mnli", mnli),
    "multi_nli": ("mnli", mnli),
    "glue/sst2": ("sst2", sst2),
    "sst/default": ("sst2", sst2),
    "rotten_tomatoes": ("rotten_tomatoes", labelled),
    "trec": ("trec", trec),
    "banking77": ("banking77", banking),
    "dbpedia_14": ("dbpedia_14", dbpedia),
    "e2e_nlg_cleaned": ("e2e_nlg", e2e),
    "commonsense_qa": ("commonsense_qa", commonsense),
    "ai2_arc/ARC-Challenge": ("arc_challenge", arc),
    "social_i_qa": ("social_i_qa", social),
    "piqa": ("piqa", piqa),
    "winogrande/winogrande_xl": ("winogrande", winogrande),
    "winogrande/winogrande_debiased": ("winogrande", winogrande),
    "super_glue/wsc.fixed": ("super_glue_wsc", wsc),
    "super_glue/boolq": ("boolq", boolq),
    "super_glue/multirc": ("multirc", multirc),
    "super_glue/copa": ("copa", copa),
}
