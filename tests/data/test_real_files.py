"""Every format on real files, oddities included; the counts are those of their README."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Dataset, Row
from unseen.data.rows import is_unlabelled, open_rows, read_rows

MNLI = {
    "premise": {"column": "sentence", "pattern": r"(?s)^sentence 1: (.*?)\nsentence 2: "},
    "hypothesis": {"column": "sentence", "pattern": r"(?s)\nsentence 2: (.*)$"},
}
OPTIONS = {"options": {"column": "instruction", "pattern": r"(?s)Answer\d: (.*?)(?= Answer\d: |\n\n)", "all": True}}
LETTERS = {"column": "label", "values": [["A", 1], ["B", 2], ["C", 3], ["D", 4], ["E", 5]]}
WORDS = ["entailment", "neutral", "contradiction"]

Read = Callable[..., list[Row]]


@pytest.fixture
def read(real_data: Path, describe: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> Read:
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))

    def rows(files: str | dict[str, Any], source: dict[str, Any] | None = None, **said: Any) -> list[Row]:
        dataset = describe(source={"root": "data", "files": {"test": files}, **(source or {})}, **said)
        found = list(read_rows(dataset, "test"))
        return [row for row in found if not is_unlabelled(dataset, row)]

    return rows


def test_tsv_with_unquoted_quotes(read: Read) -> None:
    labels = {"column": "label", "words": ["entailment", "not_entailment"]}
    rows = read("glue_rte/test.tsv", labels=labels)
    assert len(rows) == 277
    assert rows[276].values["sentence1"].startswith('Danny Kennedy, Greenpeace campaigns director, said: "The burden')
    assert Counter(row.values["label"] for row in rows) == {0: 146, 1: 131}
    assert len(read("sst2/dev872.tsv", labels={"column": "label", "words": ["negative", "positive"]})) == 872
    assert len(read("gap/gap-validation.tsv")) + len(read("gap/gap-test.tsv")) == 954


def test_csv_with_quoted_newlines_and_without_header(read: Read) -> None:
    assert len(read("banking77/test.csv")) == 3080
    labels = {"column": "label", "words": ["neg", "pos"]}
    said = {"header": False, "columns": ["label", "text"]}
    rows = read({"path": "rotten_tomatoes/test.csv", "take": [800, None], **said}, labels=labels)
    assert (len(rows), rows[0].index, rows[-1].index) == (1200, 800, 1999)
    names = ["question", "A", "B", "C", "D", "answer"]
    mmlu = read(
        "*.csv", {"folder": "mmlu/test", "header": False, "columns": names}, columns={"label": "answer"}, labels=LETTERS
    )
    assert len(mmlu) == 2202 - 60
    assert {row.values["_file"] for row in mmlu} >= {"anatomy_test", "world_religions_test"}
    assert len(read({"path": "wmt21_news/ad-seg-scores-is-en.csv", "delimiter": " "})) == 8903


def test_flan_chain_of_thought_files_are_a_folder(read: Read) -> None:
    rows = read("*.tsv", {"folder": "flan_cot", "header": False, "columns": ["input", "target", "explanation"]})
    assert len(rows) == 2800
    assert len({row.values["_file"] for row in rows}) == 7


def test_xml(read: Read) -> None:
    columns = {"asks_for": "asks-for", "label": "most-plausible-alternative"}
    rows = read(
        "copa/copa-test.xml",
        columns=columns,
        labels={"column": "label", "words": ["first", "second"], "values": [1, 2]},
    )
    assert len(rows) == 500
    assert rows[0].values["id"] == "501"
    assert {row.values["asks_for"] for row in rows} == {"cause", "effect"}
    assert Counter(row.values["label"] for row in rows) == {0: 250, 1: 250}


def test_parallel_text(read: Read) -> None:
    flores = {"parallel": {"en": "flores200_dev/eng_Latn.dev", "is": "flores200_dev/isl_Latn.dev"}}
    assert len(read(flores)) == 997
    stem = "wmt21_news/newstest2021.en-is"
    wmt = read(
        {"parallel": {"source": f"{stem}.src.en", "reference": f"{stem}.ref.A.is", "system": f"{stem}.hyp.Manifold.is"}}
    )
    assert len(wmt) == 1000
    assert all(row.values["source"] and row.values["reference"] for row in wmt)


def test_nested_choices(read: Read) -> None:
    columns = {"stem": "question.stem", "choices": "question.choices[].text", "label": "answerKey"}
    arc = read("arc_challenge/ARC-Challenge-Test.jsonl", columns=columns, labels=LETTERS)
    assert len(arc) == 1172
    assert {len(row.values["choices"]) for row in arc} == {3, 4, 5}  # ragged
    assert all(row.values["label"] < len(row.values["choices"]) for row in arc)
    assert len(read("commonsense_qa/dev_rand_split.jsonl", columns=columns, labels=LETTERS)) == 1221
    wsc = read(
        "super_glue_wsc/train.jsonl",
        columns={"span": "target.span1_text"},
        labels={"column": "label", "words": ["no", "yes"]},
    )
    assert Counter((row.values["label"], bool(row.values["span"])) for row in wsc) == {(1, True): 32}


def test_lines_in_disguise(read: Read) -> None:
    rows = read("creak/dev.json", labels={"column": "label", "words": ["false", "true"]})
    assert len(rows) == 1371
    assert read("creak/contrast_set.json")[499].values["ex_id"] == "c_499"


def test_questions_inside_passages(read: Read) -> None:
    rows = read(
        "multirc/train.jsonl",
        explode="passage.questions.answers",
        columns={"passage": "outer.passage.text", "question": "outer.question"},
        labels={"column": "label", "words": ["no", "yes"]},
    )
    assert rows[0].values["question"].endswith("?")
    assert [row.index for row in rows] == list(range(len(rows)))
    assert len(rows) == 154
    assert len({row.values["passage"] for row in rows}) == 32
    assert Counter(row.values["label"] for row in rows).keys() == {0, 1}


def test_already_rendered_text_gives_its_fields_back(read: Read) -> None:
    mnli = read("mnli/test.json", extract=MNLI, labels={"column": "label", "words": WORDS, "unlabelled": "-"})
    assert mnli[0].values["premise"] == "right that's that's supposedly"
    assert all(
        f"sentence 1: {row.values['premise']}\nsentence 2: {row.values['hypothesis']}" == row.values["sentence"]
        for row in mnli
    )
    siqa = read(
        "social_i_qa/test.json",
        extract=OPTIONS,
        columns={"label": "answer"},
        labels={"column": "label", "values": ["answer1", "answer2", "answer3"]},
    )
    assert len(siqa) == 1000
    assert {len(row.values["options"]) for row in siqa} == {3}


def test_instruction_files(read: Read) -> None:
    big_bench = read(
        "bigbench_t0/strategyqa.json",
        explode="examples",
        columns={"choices": "target_scores{keys}", "label": "target_scores{best}"},
    )
    assert len(big_bench) == 200
    assert all(row.values["target_scores"][row.values["choices"][row.values["label"]]] == 1 for row in big_bench)
    assert len(read("bbh/*.json", explode="examples")) == 1800
    columns = {"definition": "outer.Definition[0]", "references": "output"}
    tasks = read("task033*.json", {"folder": "super_natural_instructions/tasks"}, explode="Instances", columns=columns)
    assert len(tasks) == 100
    assert tasks[0].values["definition"].startswith("You need to answer a given question containing a blank")
    assert len(read("p3_t0_train_sample/*.jsonl", kind="prompt_completion")) == 4992  # 5001 lines, 9 of them blank
    assert read("delia_format/train.jsonl", kind="messages")[0].values["messages"][0]["role"] == "user"


def test_real_rows_lie_on_disk_as_they_were_streamed(
    real_data: Path, describe: Callable[..., Dataset], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    files = {"nested": "multirc/train.jsonl", "quotes": "glue_rte/test.tsv", "xml": "copa/copa-dev.xml"}
    dataset = describe(source={"root": "data", "files": files})
    for split in files:
        assert list(open_rows(dataset, split)) == list(read_rows(dataset, split))
