"""Whether a run's files and record are as it left them, and rows, templates and model those of its fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unseen.study.fingerprint import identity_digest, template_digests, versions
from unseen.study.prepare import Prepared
from unseen.study.seal import FILES, SEAL, file_digests, seal_of
from unseen.study.verify.outcome import Check, Difference, judged, same

Record = Mapping[str, Any]


def check_record(record: Record) -> Check:
    """Whether the record is what the run wrote at its end."""
    if SEAL not in record:
        return Check("record", "not kept", "the run is older than seals of records")
    difference = Difference("record.json", record[SEAL], seal_of(record))
    differs = difference.recorded != difference.found
    return judged("record", "record.json has the digest that it says", [difference] if differs else [])


def check_files(folder: Path, record: Record) -> Check:
    """Whether predictions, scores, log, model and kept states are the bytes that the run left."""
    if FILES not in record:
        return Check("files", "not kept", "the run is older than digests of its files")
    told = f"{len(record[FILES])} files have the digests in record.json"
    return judged("files", told, same(record[FILES], file_digests(folder), "sha256"))


def check_fingerprint(record: Record, prepared: Prepared) -> Check:
    """Whether recipe, templates, rows and model, as they are found now, make the recorded fingerprint."""
    if "templates" not in record:
        return Check("fingerprint", "not kept", "the run is older than digests of templates")
    told = (
        f"{record['fingerprint'][:8]}: the recipe, the templates of {len(record['templates'])} tasks, "
        f"{len(record['rows'])} splits of rows and the weights of {prepared.model.name}"
    )
    if record["versions"]["unseen"] != versions()["unseen"]:
        told += f"; of unseen {record['versions']['unseen']}, and this is {versions()['unseen']}"
    return judged("fingerprint", told, [*recorded_identity(record), *_parts(record, prepared)])


def recorded_identity(record: Record) -> Iterator[Difference]:
    """Whether the parts that a record holds make the fingerprint that it says; needs nothing but the record."""
    made = identity_digest(
        record["recipe"], record["templates"], record["rows"], record["model"]["digest"], record["versions"]["unseen"]
    )
    if made != record["fingerprint"]:
        yield Difference("the recipe in record.json, with the other recorded parts", record["fingerprint"], made)


def _parts(record: Record, prepared: Prepared) -> Iterator[Difference]:
    yield from same(record["rows"], prepared.rows.digests(), "rows")
    yield from same(record["templates"], template_digests(prepared.asked_through), "templates")
    yield from same({"digest": record["model"]["digest"]}, {"digest": prepared.model.digest}, "model")
    for name, (said, found) in prepared.rows.altered().items():
        yield Difference(f"cached rows of {name}", said, found)
