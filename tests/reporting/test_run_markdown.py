"""`report --format md`: verdict, scores with intervals and rows, the split, what was left out; never a row."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_runs import CHOICES, LEAK, ROW, answers, proof, record, write_run

from unseen.cli import run
from unseen.reporting.markdown import text
from unseen.reporting.markup import joined, tag, words
from unseen.reporting.page import report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "run", list(answers()), unclean={"nli/small": [4]})


def lines_of(folder: Path) -> list[str]:
    return report([folder], format="md").read_text(encoding="utf-8").splitlines()


def test_the_verdict_stands_first(folder: Path) -> None:
    lines = lines_of(folder)
    assert lines[0] == "# little f1f1f1f1" and "Does that help on" in lines[2]
    assert lines[4].startswith("**Tuning helped on the unseen tasks") and lines[6].startswith("- unseen tasks, ")


def test_every_score_is_a_line_with_interval_and_rows(folder: Path) -> None:
    lines = lines_of(folder)
    medians = [
        row
        for row in json.loads((folder / "scores.json").read_text())
        if row["task"] and row["template"] is None and row["side"] in ("seen", "unseen") and row["model"] == "tuned"
    ]
    assert len(medians) == 4
    for row in medians:
        cells = f"{row['score']:.1f} | [{row['low']:.1f}, {row['high']:.1f}] | {row['count']} |"
        assert f"| {row['task']} | zero-shot | tuned | {cells}" in lines


def test_tables_are_whole(folder: Path) -> None:
    """A table has an empty line above it and as many cells in each line as in its head."""
    lines = lines_of(folder)
    heads = [place for place, line in enumerate(lines) if line.startswith("| --- ")]
    assert len(heads) >= 5
    for place in heads:
        assert lines[place - 2] == ""
        cells = lines[place].count("|")
        under = list(iter(lines[place - 1 :]))
        table = under[: next((n for n, line in enumerate(under) if not line.startswith("|")), len(under))]
        assert len(table) > 2 and {line.count(" | ") + 2 for line in table} == {cells}


def test_split_and_losses_are_told(folder: Path) -> None:
    told = "\n".join(lines_of(folder))
    for part in (
        "Claim at level cluster",
        "1 seen row and 1 unseen row share text; the seen rows were left out of the tuning",
        "| unseen | nli/small | 12 | 24 | ee |",
        "- Rendered empty, not tuned on: 3 drawn examples",
        "| unseen | nli/small | unlabelled rows | 9 |",
        "### Unseen tasks (rows without overlap)",
        "f1" * 32,
    ):
        assert part in told


def test_no_row_is_in_it(tmp_path: Path) -> None:
    told = "\n".join(lines_of(write_run(tmp_path / "run", list(answers()), hold_out=proof())))
    assert not [each for each in (ROW, LEAK, *CHOICES) if each in told]


def test_a_void_task_is_marked(tmp_path: Path) -> None:
    model = record()["model"] | {"conflicts": {"nli/small": ["snli"], "nli/other": "none", "talk/say": "none"}}
    told = "\n".join(lines_of(write_run(tmp_path / "run", list(answers()), model=model)))
    assert "| nli/small (void) | zero-shot | tuned |" in told and "- Void: the start model" in told


def test_several_runs_are_compared(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_run(tmp_path / "b", [replace(each) for each in answers(gain=0.1)])
    out = tmp_path / "two.md"
    assert run(["report", str(folder), str(other), "--format", "md", "--out", str(out)]) == 0
    told = out.read_text(encoding="utf-8")
    assert told.startswith("# 2 runs compared") and "## B minus A" in told and "96 questions in both runs" in told


def test_an_unknown_format_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(folder), "--format", "pdf"]) == 2
    assert capsys.readouterr().err == "unseen: --format: there is no format 'pdf'; write html, md, png\n"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_words_of_markup_are_the_text_that_it_was_made_of(said: str) -> None:
    assert words(tag("b", said)) == said
    assert words(joined(said, tag("p", said), said)) == f"{said}{said} {said}"


def test_text_that_means_something_to_markdown_stays_text() -> None:
    assert text("a|b *c* _d_ <e> `f`\n# g ~h~ [i](j)") == r"a\|b \*c\* \_d\_ \<e\> \`f\` \# g \~h\~ [i]\(j)"
