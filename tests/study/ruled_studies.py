"""Studies whose rule is in their folder, and what `unseen verify` says of their pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from made_studies import Made, write_study
from verified_runs import make_catalog, recipe_over

from unseen.data.rows import open_rows
from unseen.recipe import Recipe
from unseen.study.arms import expand
from unseen.study.fingerprint import identity_digest
from unseen.study.matching import with_examples
from unseen.study.record import read_record, write_record
from unseen.study.study_file import Study, load_study
from unseen.study.study_folder import open_study
from unseen.study.verify.page import verify_page
from unseen.task.catalog import load_catalog

STUDY = Made({"none": 0.0, "first": 12.0, "second": "out of memory"}, rows=12, seeds=(0, 1))


def ruled(place: Path, catalog: Path, model: Path, **said: Any) -> Study:
    """A study over the rows of `catalog`, its file in `place`."""
    values: dict[str, Any] = {
        "study": "made",
        "question": "Does the first arm do better than none?",
        "base": recipe_over(catalog, model, steps=1).canonical() | {"mixture": {"rate": "equal"}},
        "arms": [{"name": name} for name in STUDY.arms],
        "baseline": "none",
        "seeds": list(STUDY.seeds),
        "matched": "exposures",
    }
    path = place / "made.yaml"
    path.write_text(yaml.safe_dump(values | said))
    return load_study(path)


def begin(tmp_path: Path) -> Path:
    """The folder of a study of which no arm has run."""
    study = ruled(tmp_path, make_catalog(tmp_path / "catalog"), tmp_path / "model")
    open_study(study, expand(study), tmp_path / "begun")
    return tmp_path / "begun"


def finish(tmp_path: Path, begun: Path) -> Path:
    """A study of two finished arms, whose records have fingerprints of a recipe over rows that lie here."""
    folder = write_study(tmp_path / "study", STUDY)
    shutil.copy(begun / "study.json", folder / "study.json")
    (task,) = load_catalog([str(tmp_path / "catalog")]).match(["houses/rooms"])
    for arm in json.loads((folder / "study.json").read_text())["arms"]:
        if not (folder / arm["folder"]).is_dir():
            continue
        record = read_record(folder / arm["folder"])
        parts: dict[str, Any] = {
            "recipe": with_examples(Recipe.model_validate(arm["recipe"]), 3).canonical(),
            "templates": {"houses/rooms": "ab" * 32},
            "rows": {"houses/rooms/test": open_rows(task.dataset, "test").digest},
        }
        record |= {**parts, "versions": {"unseen": "0.1.0"}, "command": "unseen tune /home/me/secret.yaml"}
        record["counts"] = {"examples": 3, "epoch_length": 22, "rates": {"weather/days": 1.0}}
        record["training"] |= {"steps": 1, "positions_computed": 90}
        record["fingerprint"] = identity_digest(**parts, model=record["model"]["digest"], unseen="0.1.0")
        write_record(folder / arm["folder"], record)
    return folder


def outcomes(path: Path) -> dict[str, str]:
    return {f"{arm} {check.name}".strip(): check.outcome for arm, check in verify_page(path)}
