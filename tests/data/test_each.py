"""One description for several datasets: what they share, what each says itself, and what may go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.data.rows import read_rows
from unseen.errors import Mistakes, UserMistake
from unseen.task.catalog import load_catalog

SEVERAL = """
language: is
kind: prompt_completion
source: {folder: rows, files: {train: {deal: {of: 2, keep: [0]}}, test: {deal: {of: 2, keep: [1]}}}}
each:
  warm: {cluster: weather, path: "warm_*.jsonl"}
  cold: {cluster: weather, origin: [cold, frost], path: cold.jsonl, metrics: [exact_match]}
"""


def write(folder: Path, text: str = SEVERAL) -> Path:
    (folder / "rows").mkdir()
    for name in ("warm_a", "warm_b", "cold"):
        lines = [f'{{"prompt": "{name} {n}", "completion": "x"}}\n' for n in range(4)]
        (folder / "rows" / f"{name}.jsonl").write_text("".join(lines))
    (folder / "several.yaml").write_text(text)
    return folder


def test_each_is_a_dataset_with_its_own_files(tmp_path: Path) -> None:
    warm, cold = load_catalog([str(write(tmp_path))]).datasets
    assert (warm.name, warm.cluster, warm.origin, warm.language) == ("warm", "weather", ("warm",), ("is",))
    assert (cold.origin, cold.metrics) == (("cold", "frost"), ("exact_match",))
    rows = {split: [row.values["prompt"] for row in read_rows(warm, split)] for split in ("train", "test")}
    assert sorted(rows["train"] + rows["test"]) == [f"warm_{f} {n}" for f in "ab" for n in range(4)]
    assert len(rows["train"]) == len(rows["test"]) == 4
    assert [row.values["prompt"] for row in read_rows(cold, "test")] == ["cold 1", "cold 3"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{cluster: weather, paht: x}", "each.warm: unknown key 'paht'; did you mean 'path'"),
        ("{path: cold.jsonl}", "each.warm: cluster: is missing"),
        ("weather", "each.warm: is no mapping"),
    ],
)
def test_a_fault_names_its_dataset(tmp_path: Path, entry: str, told: str) -> None:
    folder = write(tmp_path, SEVERAL.replace('{cluster: weather, path: "warm_*.jsonl"}', entry))
    with pytest.raises(UserMistake, match=told):
        load_catalog([str(folder)])


def test_the_faults_of_all_datasets_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as told:
        load_catalog([str(write(tmp_path, SEVERAL.replace("cluster: weather, ", "")))])
    assert len(told.value.lines) == 2


def test_p3s_datasets_are_t0s(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample has every dataset of T0 but QuAIL; each of its rows belongs to one of them."""
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    p3 = load_catalog(["p3"])
    found = p3.select(["list:t0"])
    assert len(found.tasks) == len(p3.tasks) == 37 and found.lists["t0"].missing == ("quail",)
    rows = sum(1 for each in p3.datasets for split in each.splits for _ in read_rows(each, split))
    assert rows == 4992  # as tests/data/test_real_files.py counts the files
    growth = [len(load_catalog(["data", "p3"]).match([f"list:{name}"])) for name in ("t0", "t0_plus", "t0_plus_plus")]
    assert growth[0] < growth[1] < growth[2]
