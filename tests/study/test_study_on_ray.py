"""Arms on a Ray cluster: one that this test starts on this machine, and ends by its process id."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_studies import tiny_study

from unseen.errors import MissingExtra
from unseen.study.study_run import run_study

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: the extra 'ray'")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a local cluster."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    ray = Path(sys.executable).with_name("ray")
    port = ["--port=0", "--include-dashboard=false", "--disable-usage-stats", "--num-cpus=2"]
    head = subprocess.Popen(
        [str(ray), "start", "--head", "--block", *port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield "auto"
    finally:
        import ray as library

        library.shutdown()
        head.send_signal(signal.SIGTERM)
        head.wait(timeout=60)


def wait_for_cluster() -> None:
    deadline = time.monotonic() + 90
    while subprocess.run([Path(sys.executable).with_name("ray"), "status"], capture_output=True).returncode:
        assert time.monotonic() < deadline
        time.sleep(0.5)


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_arms_run_on_a_cluster_and_one_that_fails_stops_no_other(
    cluster: str, tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    wait_for_cluster()
    bad = {"name": "bad", "set": {"unseen": ["nli/nowhere"]}}
    study = tiny_study(tmp_path, tiny_model, arms=[bad, {"name": "all"}])
    ran = run_study(study, tmp_path / "here", ray=cluster)
    assert ran.failed == ("bad seed 0",) and ran.left == ()
    assert (tmp_path / "here" / "arms/all/seed-0/predictions.parquet").is_file()


def test_without_ray_the_extra_is_named(
    tiny_model: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="unseen\\[ray\\]"):
        run_study(tiny_study(tmp_path, tiny_model), tmp_path / "here", ray="auto")
