"""`unseen show`, through the command line: what a model reads of a row, and what options and rows share."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unseen.cli import run
from unseen.encode.encode import encode
from unseen.encode.format import format_of
from unseen.encode.tokenizer import load_tokenizer
from unseen.task.catalog import load_catalog
from unseen.task.render import render

TASK = "nli/short_inferences"
SHOW = ["show", TASK, "--catalog", "shipped"]

pytestmark = pytest.mark.usefixtures("embedded_folder")


@pytest.fixture
def template() -> str:
    """A template of the task with answer choices."""
    return load_catalog(["shipped"]).match([TASK])[0].templates[0].name


def said(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run([*SHOW, *options]) == 0
    return capsys.readouterr().out


def tries(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said(capsys, "--tokens", "--json", *options))
    return found


def paths(branches: list[dict[str, Any]], before: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tokens from the root to the end of every sequence, with its number."""
    for branch in branches:
        ids = before + tuple(branch["ids"])
        yield from ((end, ids) for end in branch["ends"])
        yield from paths(branch["branches"], ids)


def test_the_options_of_a_row_are_branches_of_one_tree(
    embedded_folder: Path, template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (trie,) = tries(capsys, "--template", template)
    found = [ids for _, ids in sorted(paths(trie["branches"]), key=lambda path: int(path[0]))]
    right = next(number for number, each in enumerate(trie["sequences"]) if each["right"])
    tokenizer = load_tokenizer(embedded_folder)
    task = load_catalog(["shipped"]).match([TASK])[0]
    example = next(render(task, [first_row()], [0]))
    tuned = encode(example, tokenizer, format_of("auto", tokenizer), 10_000)
    assert found[right] == tuple(tuned.ids.tolist())[: len(found[right])]
    assert len(found) == len(example.choices or ()) > 1
    prefixes = {ids[:length] for ids in found for length in range(1, len(ids))}
    assert trie["nodes"] == len(prefixes)
    assert trie["tokens_read"] == sum(len(ids) - 1 for ids in found)
    assert trie["ratio"] == trie["tokens_read"] / trie["nodes"]
    assert trie["sequences"][0] == {"row": "train/0", "option": 0, "right": right == 0}


def first_row() -> Any:
    from unseen.data.rows import read_rows

    task = load_catalog(["shipped"]).match([TASK])[0]
    return next(read_rows(task.dataset, "train"))


def test_the_drawing_says_what_the_trie_holds(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    (trie,) = tries(capsys, "--template", template)
    text = said(capsys, "--tokens", "--template", template)
    (trunk,) = trie["branches"]
    assert f"\n({len(trunk['ids'])} tokens) <|im_start|>" in text
    leaves = re.findall(r"^[├└]─ (.*)$", text, re.M)
    assert len(leaves) == len(trunk["branches"]) == len(trie["sequences"])
    for leaf, branch, sequence in zip(leaves, trunk["branches"], trie["sequences"], strict=True):
        assert re.sub(r"[«»]|»·«", "", leaf.removesuffix("   ✓ right").replace("»·«", "")) == branch["text"]
        assert leaf.count("«") == len(branch["ids"])
        assert leaf.endswith("✓ right") == sequence["right"]
    count = f"{len(leaves)} sequences: {trie['tokens_read']:,} tokens to read, a row each; {trie['nodes']:,} nodes"
    assert f"{count} in the trie: {trie['ratio']:.2f} times fewer" in text


def test_a_file_gets_no_control_codes_and_lines_of_one_width(template: str) -> None:
    command = [sys.executable, "-m", "unseen", *SHOW, "--tokens", "--rows", "3", "--shots", "2", "--template", template]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120 + len("   train/0 ✓ right")


def test_drawing_a_trie_loads_no_torch(template: str) -> None:
    arguments = [*SHOW, "--tokens", "--rows", "2", "--shots", "1", "--template", template]
    code = (
        f"import sys\nfrom unseen.cli import run\nstatus = run({arguments!r})\n"
        "print(status, sorted({'torch', 'transformers', 'peft', 'accelerate'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "0 []"
    assert "nodes in the trie" in done.stdout


def test_a_terminal_gets_colour_for_what_is_predicted(
    template: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    text = said(capsys, "--tokens", "--template", template)
    assert "«" not in text
    assert len(re.findall(r"─ \x1b\[0m\x1b\[1;30;42m", text)) == len(
        tries(capsys, "--template", template)[0]["sequences"]
    )


def test_rows_after_the_same_exemplars_share_them(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ("--template", template, "--rows", "4")
    (without,), (after,) = tries(capsys, *rows), tries(capsys, *rows, "--shots", "2")
    assert {each["row"] for each in after["sequences"]} == {f"train/{row}" for row in range(4)}
    added = len(after["branches"][0]["ids"]) - len(without["branches"][0]["ids"])
    assert added > 20
    assert after["nodes"] == without["nodes"] + added  # exemplars stand once, whatever the number of rows
    assert after["ratio"] > without["ratio"] > 1


def test_where_nothing_is_chosen_completions_are_the_branches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", f"{TASK}:generate", "--catalog", "shipped", "--tokens", "--json", "--rows", "3"]) == 0
    for trie in json.loads(capsys.readouterr().out):
        assert [each["row"] for each in trie["sequences"]] == ["train/0", "train/1", "train/2"]
        assert sorted(end for end, _ in paths(trie["branches"])) == ["0", "1", "2"]


def test_a_row_with_one_completion_is_written_out_and_not_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", f"{TASK}:generate", "--catalog", "shipped", "--tokens"]) == 0
    text = capsys.readouterr().out
    assert "«<|im_end|>»" in text and "nodes" not in text


def test_spans_are_given_as_json_too(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = json.loads(said(capsys, "--json", "--template", template))
    prompt = example["segments"][0]
    columns = {name for span in prompt["spans"] for name in span["columns"]}
    assert {prompt["text"][span["start"] : span["end"]] for span in prompt["spans"]} & set(first_row().values.values())
    assert columns and example["choices"][example["answer"]] == example["segments"][1]["text"]


def test_rows_beyond_the_last_are_not_missed_but_none_at_all_is_a_mistake(
    template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SHOW, "--row", "999999"]) == 2
    last = int(re.search(r"the last one is (\d+)", capsys.readouterr().err)[1])  # type: ignore[index]
    (trie,) = tries(capsys, "--template", template, "--row", str(last), "--rows", "5")
    assert {each["row"] for each in trie["sequences"]} == {f"train/{last}"}


def test_the_drawing_in_the_documentation_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "trie.md").read_text(encoding="utf-8")
    command, drawing = re.search(r"^    unseen (show [^\n]*)\n\n```\n(.*?)\n```", page, re.M | re.S).groups()  # type: ignore[union-attr]
    assert run([*command.split(), "--catalog", "shipped"]) == 0
    assert capsys.readouterr().out.rstrip() == drawing
