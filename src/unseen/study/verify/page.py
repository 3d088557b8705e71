"""Whether the page of a study says what its own results say; for pages whose run folders lie elsewhere, or no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from unseen.data.rows import open_rows
from unseen.errors import UserMistake
from unseen.study.bundle import digest_of, plain, read_bundle, results_in
from unseen.study.results import StudyResults
from unseen.study.verify.arm import check_arm
from unseen.study.verify.identity import recorded_identity
from unseen.study.verify.outcome import Check, Difference, compared, judged, tried
from unseen.study.verify.rule import Planned, called, check_study
from unseen.task.catalog import load_catalog

WITHIN = 1e-9
DAMAGED = (KeyError, TypeError, ValueError, IndexError)


def verify_page(path: Path) -> Iterator[tuple[str, Check]]:
    """The checks of a page: its block, what stands around it, the rule and the arms that it makes, each arm's
    fingerprint and recipe, the verdict, and the rows where they are at hand. Raises `DataMistake` for a page that
    carries no results."""
    bundle, page = read_bundle(path)
    yield "", _equal("results", "the results in the page have the digest that they say", bundle, digest_of(bundle))
    yield "", _equal("page", "the page around them is the one that was written", bundle, page)
    try:
        results = results_in(bundle)
    except DAMAGED as error:
        yield "", Check("results", "fails", f"cannot be read ({type(error).__name__}: {error})")
        return
    planned, checks = check_study(bundle["study"], bundle["arms"])
    yield from (("", check) for check in checks)
    yield from _check_arms(bundle, results, planned)
    yield "", _check_verdict(bundle["verdict"], results)
    yield "", check_data(results)


def _equal(name: str, told: str, bundle: Mapping[str, Any], found: str) -> Check:
    recorded = str(bundle.get("sha256" if name == "results" else name))
    return judged(name, told, [Difference("sha256", recorded, found)] if recorded != found else [])


def _check_arms(bundle: Mapping[str, Any], results: StudyResults, planned: Planned) -> Iterator[tuple[str, Check]]:
    """Of each arm that began its fingerprint, and of each that finished whether it is the one planned, where the rule
    makes its arms again."""
    told = list(zip(map(called, bundle["arms"]), bundle["arms"], results.arms, strict=True))
    records = {name: arm.record for name, _, arm in told if arm.finished}
    for name, said, arm in told:
        if arm.record:
            yield name, _check_fingerprint(arm.record)
        if arm.finished and name in planned:
            own = planned[name] | {"matched": said["matched"]}
            yield name, tried("arm", partial(check_arm, own, bundle["study"], list(planned.values()), records))


def _check_fingerprint(record: Mapping[str, Any]) -> Check:
    if "templates" not in record:
        return Check("fingerprint", "not kept", "the run is older than digests of templates")
    told = f"{record['fingerprint'][:8]} is that of its recipe and the digests of its templates, rows and model"
    return judged("fingerprint", told, recorded_identity(record))


def _check_verdict(recorded: Any, results: StudyResults) -> Check:
    """The verdict and its table, made again of the values of each row."""
    from unseen.study.verdict import analyse

    finished = sum(arm.finished for arm in results.arms)
    told = f"the verdict and its table, from the values of {finished} finished arms and seeds"
    try:
        found = plain(analyse(results))
    except (UserMistake, *DAMAGED) as error:
        return Check("verdict", "fails", f"cannot be made again ({type(error).__name__}: {error})")
    return judged("verdict", told, compared(recorded, found, "verdict", WITHIN))


def check_data(results: StudyResults) -> Check:
    """The rows that lie here, hashed again; those that do not are counted."""
    said = {(name, digest) for arm in results.arms for name, digest in arm.record.get("rows", {}).items()}
    catalogs = {name for arm in results.arms for name in arm.record.get("recipe", {}).get("catalogs", ())}
    here = _digests_here([name for name, _ in said], sorted(catalogs))
    found = sorted((name, digest) for name, digest in said if name in here)
    told = f"{len(found)} of {len(said)} splits of rows lie here and were hashed again"
    if not found:
        return Check("rows", "skipped", f"none of {len(said)} splits of rows lies here")
    differing = (Difference(name, digest, here[name]) for name, digest in found if here[name] != digest)
    return judged("rows", told, differing)


def _digests_here(names: list[str], catalogs: list[str]) -> dict[str, str]:
    """Digests of the splits, named `cluster/dataset/split`, that can be read here."""
    found: dict[str, str] = {}
    try:
        datasets = {dataset.task: dataset for dataset in load_catalog(catalogs).datasets}
    except (UserMistake, OSError):
        return found
    for name in dict.fromkeys(names):
        task, _, split = name.rpartition("/")
        if task in datasets:
            with suppress(UserMistake, OSError):
                found[name] = open_rows(datasets[task], split).digest
    return found
