"""`unseen tune` and `unseen export` on a full disk: one line, no traceback, and `--resume` has everything."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.cli import run
from unseen.recipe import Recipe
from unseen.study.record import read_record


def no_room(module: Any, folder: Path, **more: Any) -> None:
    (Path(folder) / "model.safetensors").write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_model_that_finds_no_room_is_one_line_and_resuming_writes_it(
    recipe: Recipe, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import PreTrainedModel

    values = recipe.canonical()
    values["train"] |= {"method": "full"}
    values["evaluate"] |= {"rows": 2, "base": False, "shots": [0]}
    file, out = tmp_path / "tiny.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump(values))
    with monkeypatch.context() as patch:
        patch.setattr(PreTrainedModel, "save_pretrained", no_room)
        assert run(["tune", str(file), "--out", str(out)]) == 1
    said = capsys.readouterr().err.splitlines()
    told = [line for line in said if "disk is full" in line]
    assert len(told) == 1 and told[0] == said[-1] and "Traceback" not in "".join(said)
    assert told[0].startswith(f"unseen: {out / 'model'}: the disk is full: the tuned model of ")
    assert told[0].endswith("MB are free; make room, and --resume goes on")
    assert not [path for path in out.iterdir() if path.name.startswith((".model", "model"))]
    steps = (out / "steps.jsonl").read_text()
    assert run(["tune", str(file), "--out", str(out), "--resume"]) == 0
    assert (out / "steps.jsonl").read_text() == steps and read_record(out)["finished"]
    with monkeypatch.context() as patch:
        patch.setattr(PreTrainedModel, "save_pretrained", no_room)
        assert run(["export", str(out), str(tmp_path / "plain")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith(f"unseen: {tmp_path / 'plain'}: the disk is full: the merged model of ")
    assert told[-1].endswith("the same command again goes on") and not (tmp_path / "plain").exists()
