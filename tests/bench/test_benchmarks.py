"""The benchmarks' own side: which tokens both sides get, what a line of a result says, and each script from its
arguments to its JSON, in this process, with a tiny model and without the peers' environments."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unseen.encode.format import Format
from unseen.encode.options import option_sequences
from unseen.encode.tokenizer import load_tokenizer

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import choose_lm_eval
import choose_unseen
import choose_vs_lm_eval
import instruction_rows
import scaling
import steps_unseen
import tune_vs_trl
from encoded_rows import model_folder, write_rows
from instruction_rows import Instructed, Worked
from parted import parted
from steps import Worker, WorkerFailed, fastest_setting, measured
from table import table
from worker import peak_bytes

KEYS = {
    "case",
    "system",
    "seconds",
    "cpu_seconds",
    "cpu_ratio",
    "tokens",
    "nodes",
    "peak_mb",
    "ratio",
    "max_difference",
}
OPTIONS = ["No", "12", "Yes, it is"]
Line = dict[str, Any]


@pytest.fixture(scope="module")
def tiny(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder("tiny", tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def lines_of(
    embedded_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[Line]]:
    """What a script prints with `--json`. Its workers run here; TRL's steps are done by our own padded rows."""
    sides = {
        "steps_unseen.py": steps_unseen.steps,
        "steps_trl.py": lambda job: steps_unseen.steps({**job, "setting": {"batches": "plain"}}),
        "choose_unseen.py": choose_unseen.repeats,
        "choose_lm_eval.py": choose_lm_eval.repeats,
    }

    def here(worker: Worker, count: int) -> list[Line]:
        job = json.loads(json.dumps(asdict(worker.job)))
        return [{**each, "peak_mb": peak_bytes() >> 20} for each in islice(sides[worker.script](job), count)]

    monkeypatch.delenv("UNSEEN_DATA", raising=False)
    monkeypatch.setattr(Worker, "steps", here)
    for script in (choose_vs_lm_eval, tune_vs_trl):
        monkeypatch.setattr(script, "peer_python", lambda *_: sys.executable)

    def run(script: Any, *arguments: object) -> list[Line]:
        monkeypatch.setattr(sys, "argv", [script.__name__, "--model", "tiny", "--json", *map(str, arguments)])
        script.main()
        found: list[Line] = json.loads(capsys.readouterr().out)
        return found

    return run


def json_lines(file: Path, rows: list[Line]) -> Path:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.mark.parametrize(("end", "before"), [("", " "), (" ", " "), ("\n", "\n"), ("\n\n ", "\n\n ")])
def test_white_space_at_the_end_of_a_prompt_is_the_options(end: str, before: str) -> None:
    assert parted({"prompt": f"Is it?{end}", "options": OPTIONS}) == ("Is it?", [before + each for each in OPTIONS])


@pytest.mark.parametrize("end", ["", " ", "\n", "\n\n"])
def test_the_tokens_of_prompt_and_options_are_those_of_lm_evaluation_harness(end: str, tiny: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed (pip install unseen[lm-eval])")
    row = {"prompt": f"Is it?\nAnswer:{end}", "options": OPTIONS}
    harness = choose_lm_eval._hf({"model": str(tiny), "device": "cpu", "dtype": "float32", "setting": {"batch": 1}})
    theirs = [harness._encode_pair(row["prompt"], option if end else f" {option}") for option in OPTIONS]
    tokenizer = load_tokenizer(tiny)
    ours = option_sequences(choose_unseen._example(0, row), tokenizer, Format("plain"))
    assert [each.ids[: each.prompt_length].tolist() for each in ours] == [context for context, _ in theirs]
    assert [each.ids[each.prompt_length : -1].tolist() for each in ours] == [said for _, said in theirs]


def test_rows_are_used_as_they_are_and_whole(tiny: Path, tmp_path: Path) -> None:
    pairs = [{"prompt": "2+2=", "completion": "4"}, {"prompt": "word " * 3000 + "\n", "completion": " end"}]
    write_rows(pairs, tiny, tmp_path / "rows")
    tokenizer = load_tokenizer(tiny)
    for pair, line in zip(pairs, (tmp_path / "rows").read_text().splitlines(), strict=True):
        ids, labels = json.loads(line)["input_ids"], json.loads(line)["labels"]
        assert tokenizer.decode(ids) == pair["prompt"] + pair["completion"]
        learned = [label for label in labels if label != -100]
        assert tokenizer.decode(learned, control=True) == pair["completion"] + str(tokenizer.end_token)


def test_a_row_that_nothing_is_learned_from_ends_the_program_with_its_name(tiny: Path, tmp_path: Path) -> None:
    pairs = [{"prompt": "2+2=", "completion": "4"}, {"prompt": "2+3=", "completion": ""}]
    with pytest.raises(SystemExit, match=r"train/1: has an empty completion"):
        write_rows(pairs, tiny, tmp_path / "rows")


def test_our_own_rows_end_their_prompts_in_what_stands_before_the_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    row, shipped = Worked("2+2", "4"), {"prompt": "What is 2+2?", "completion": "4"}
    monkeypatch.setattr(instruction_rows, "shipped_pairs", lambda: [shipped])
    [of_a_task] = Instructed("sums", "Add.", (), (row,)).pairs()
    assert of_a_task["prompt"].endswith("Input: 2+2\nOutput:\n") and of_a_task["completion"] == " 4"
    assert instruction_rows.apart(1) == [{"prompt": "What is 2+2?\n", "completion": "4"}]


def steps_with(*losses: float) -> list[Line]:
    return [
        {"seconds": 2.0, "cpu_seconds": 3.0, "loss": loss, "tokens": 30, "nodes": 10, "peak_mb": 1} for loss in losses
    ]


def test_the_largest_difference_is_that_of_the_timed_steps() -> None:
    line = measured("rows", "unseen", steps_with(1.1, 3.0, 2.2, 2.02), 2, 4, steps_with(1.0, 2.0, 2.0, 2.0))
    assert line["max_difference"] == pytest.approx(0.1) and line["first_difference"] == pytest.approx(0.1)
    assert measured("b", "unseen", steps_with(1.5), 0, 1, steps_with(1.0))["max_difference"] == pytest.approx(0.5)
    assert line["seconds"] == [2.0, 2.0] and line["sharing"] == 3.0 and line["ratio"] == 1.0


def test_what_was_compared_with_nothing_has_no_ratio_and_no_difference() -> None:
    line = measured("rows", "unseen", steps_with(1.0, 2.0), 1, None, None)
    assert line.keys() > KEYS and line["ratio"] is None and line["max_difference"] is None
    assert table([line], "group").splitlines()[1].split() == [
        "rows",
        "unseen",
        "2.00",
        "3.00",
        "30",
        "10",
        "3.00",
        "200.000",
        "1",
    ]


def test_a_setting_that_fails_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def tried(worker: Worker, count: int) -> list[Line]:
        if worker.job.setting["batch"] > 64:
            raise WorkerFailed("steps.py failed:\nout of memory")
        return steps_with(*[1.0] * count)

    monkeypatch.setattr(Worker, "steps", tried)
    large, small = (Worker("", "", SimpleNamespace(setting={"batch": size}), Path()) for size in (512, 64))
    assert fastest_setting([large, small], 1) == {"batch": 64}
    assert "{'batch': 512} is left out: out of memory" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="out of memory"):
        fastest_setting([large], 1)


def test_choosing_says_what_it_measured_and_scores_as_the_peer(
    lines_of: Callable[..., list[Line]], tmp_path: Path
) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed (pip install unseen[lm-eval])")
    rows = [
        {"prompt": f"Q: is {number} odd?\u2028A:{end}", "options": OPTIONS, "label": 0}
        for number, end in enumerate(["", " ", "\n", "\n\n"])
    ]
    file = json_lines(tmp_path / "rows.jsonl", rows)
    ours, theirs = lines_of(choose_vs_lm_eval, "--rows", file, "--repeats", 1, "--batch-sizes", 4)
    assert ours.keys() >= KEYS and [each["system"] for each in (ours, theirs)] == ["unseen", choose_vs_lm_eval.PEER]
    assert ours["case"] == "rows" and len(ours["seconds"]) == 1 and ours["tokens"] > ours["nodes"] > 0
    assert ours["max_difference"] < 1e-3 and ours["same_choices"] == ours["rows"] == 4


def test_tuning_says_what_it_measured(lines_of: Callable[..., list[Line]]) -> None:
    few = ["--limit", 4, "--repeat", 2, "--precision", "float32", "--setting", '{"batch": 4}']
    lines = lines_of(tune_vs_trl, "--cases", "a", "c", *few)
    assert [(each["case"][0], each["system"], each["group"]) for each in lines] == [
        (case, system, group) for case, group in (("a", 4), ("c", 1)) for system in ("unseen", tune_vs_trl.PEER)
    ]
    assert all(each.keys() >= KEYS and len(each["seconds"]) == 2 for each in lines)
    assert all(each["max_difference"] < 1e-4 and each["first_difference"] < 1e-5 for each in lines)
    assert lines[0]["sharing"] > 1.5 and lines[0]["tokens"] / lines[0]["nodes"] == lines[0]["sharing"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [{"prompt": f"One beginning for all of them, then {number}:\n", "completion": "yes"} for number in range(9)]
    return json_lines(tmp_path / "rows.jsonl", rows)


def test_nobody_knows_the_group_of_rows_of_a_file(lines_of: Callable[..., list[Line]], file: Path) -> None:
    few = ["--rows", file, "--repeat", 1, "--precision", "float32"]
    tuned = lines_of(tune_vs_trl, *few, "--setting", '{"batch": 4}')
    scaled = lines_of(scaling, *few, "--sizes", "tiny", "--step-rows", 4)
    assert [each["case"] for each in scaled[::2]] == ["9 a step", "tiny, 4 a step"]
    assert all(each.keys() >= KEYS and each["group"] is None for each in [*tuned, *scaled])


def test_scaling_compares_with_padded_rows_unless_told_not_to(lines_of: Callable[..., list[Line]], file: Path) -> None:
    few = ["--over", "step", "--rows", file, "--repeat", 1, "--precision", "float32"]
    trie, plain = lines_of(scaling, *few)
    assert trie["ratio"] == plain["seconds"][0] / trie["seconds"][0] and trie["max_difference"] < 1e-4
    [alone] = lines_of(scaling, *few, "--no-plain")
    assert alone["ratio"] is None and alone["max_difference"] is None and alone["nodes"] == trie["nodes"]
