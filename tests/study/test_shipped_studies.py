"""Every study that ships runs at its smoke size, to a verdict; at its other sizes it has the arms that it should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unseen.diversify.review import check_wordings
from unseen.diversify.wording_file import read_wordings
from unseen.study.arm import run_arm
from unseen.study.arms import expand
from unseen.study.find import shipped_studies, study_files
from unseen.study.results import read_results
from unseen.study.study_file import load_study
from unseen.study.study_folder import open_study, refreshed
from unseen.study.verdict import analyse

STUDIES = pytest.mark.parametrize("path", study_files(), ids=lambda path: path.stem)


SMOKES = [(path, "smoke") for path in study_files()] + [
    (path, "smoke_seconds") for path in study_files() if path.stem == "grouping"
]


@pytest.mark.parametrize(("path", "size"), SMOKES, ids=lambda each: getattr(each, "stem", each))
def test_it_runs_at_smoke_size_to_a_verdict(path: Path, size: str, tmp_path: Path, home: Path) -> None:
    """With its first seed, in this process."""
    study = load_study(path, size)
    study = replace(study, said=study.said.model_copy(update={"seeds": study.said.seeds[:1]}))
    arms = expand(study)
    folder = tmp_path / "here"
    open_study(study, arms, folder)
    for arm in arms:
        assert run_arm(folder, arm.name, arm.seed) == 0, refreshed(folder)["arms"]
    found = {arm.name: arm for arm in analyse(read_results(folder)).arms}
    for arm in arms:
        assert found[arm.name].own is not None
        assert (found[arm.name].difference is not None) == (arm.against is not None), found[arm.name].why


@STUDIES
@pytest.mark.parametrize("size", ["small", "full"])
def test_its_arms_can_be_made_of_real_data(
    path: Path, size: str, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    study = load_study(path, size)
    arms = expand(study)
    assert len({arm.name for arm in arms}) * len(study.said.seeds) == len(arms)
    assert (len(study.said.seeds) >= 3 and study.said.paper is not None) or study.name == "grouping"


@pytest.mark.parametrize("path", sorted((shipped_studies() / "wordings").glob("*.yaml")), ids=lambda path: path.stem)
def test_wordings_that_ship_pass_their_checks(path: Path) -> None:
    wordings = read_wordings(path)
    check_wordings(wordings, str(path))
    assert len(wordings.of_side("train")) >= 60 and len(wordings.of_side("test")) >= 20
