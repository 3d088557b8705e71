"""A run that is verified, over a catalog of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from verified_runs import copied, make_catalog, recipe_over

from unseen.recipe import Recipe
from unseen.study.run import tune


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an $UNSEEN_HOME and a catalog of its own."""
    folder = tmp_path_factory.mktemp("verified")
    make_catalog(folder / "catalog")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_model: Path) -> Recipe:
    return recipe_over(place / "catalog", tiny_model)


@pytest.fixture(scope="module")
def done(place: Path, recipe: Recipe) -> Path:
    return tune(recipe, place / "run").folder


@pytest.fixture
def run(done: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return copied(done, tmp_path / "run")
