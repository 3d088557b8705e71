"""Fixtures for datasets that a test describes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.data.dataset import Dataset
from unseen.data.description import load_description
from unseen.data.rows import read_rows

Describe = Callable[..., Dataset]


@pytest.fixture
def describe(tmp_path: Path) -> Describe:
    """The dataset of a description with these keys, lying in the test's folder."""

    def load(**keys: Any) -> Dataset:
        path = tmp_path / "described.yaml"
        said = {"dataset": "described", "cluster": "tests", **keys}
        path.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return load_description(path)

    return load


@pytest.fixture
def values(describe: Describe) -> Callable[..., list[dict[str, Any]]]:
    """The values of the rows of one file; keyword arguments beside `description` say how the file is read."""

    def read(path: Path, description: dict[str, Any] | None = None, **reading: Any) -> list[dict[str, Any]]:
        dataset = describe(source={"files": {"train": {"path": str(path), **reading}}}, **(description or {}))
        return [dict(row.values) for row in read_rows(dataset, "train")]

    return read
