"""The results of a study as one JSON value that its page carries, so that a reader can check the page without the runs.

It holds what the verdict is made of and no text of any row: the records of the arms, and for every finished arm the
values of each row by task, template and model, as the metric counts them (blocks.py). Records and values are compressed
(zlib, base64); `sha256` is that of all the rest, `page` that of the page around it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unseen.errors import DataMistake
from unseen.evaluation.blocks import Block
from unseen.study.answers import Answers, TaskBlock
from unseen.study.results import ArmResult, StudyResults

FORMAT = 1
OPENING, CLOSING = '<script type="application/json" id="study">', "</script>"
BLOCK = re.compile(re.escape(OPENING) + "(.*?)" + re.escape(CLOSING), re.DOTALL)
TEXTS = frozenset({"seen_text", "unseen_text", "shared", "example"})  # of rows, in hold-out proofs
LEFT_OUT = ("command", "beside", "summary")  # machines' paths; scores, which the values give again
Json = dict[str, Any]


def bundle_of(results: StudyResults, verdict: Any) -> Json:
    """The bundle of `results` and of what `analyse` made of them, a dataclass or JSON values; without `page`."""
    pool = _Pool()
    arms = [_arm(arm, results, pool) for arm in results.arms]
    study = {name: value for name, value in results.study.items() if name != "file"}
    return {
        "format": FORMAT,
        "study": plain(study),
        "verdict": plain(verdict),
        "arms": arms,
        "rows": pool.rows,
        "records": _packed(json.dumps([_without_texts(arm.record) for arm in results.arms]).encode()),
        "values": _packed(b"".join(pool.arrays)),
    }


def embedded(page: str, bundle: Mapping[str, Any]) -> str:
    """`page`, a whole HTML document without a bundle, with this one before the end of its body."""
    whole = {**bundle, "page": _digest(page.encode())}
    whole["sha256"] = digest_of(whole)
    text = json.dumps(whole, ensure_ascii=True, sort_keys=True).replace("</", "<\\/")
    before, end, after = page.rpartition("</body>")
    return f"{before}{OPENING}{text}{CLOSING}{end}{after}"


def read_bundle(path: Path) -> tuple[Json, str]:
    """The bundle that a page carries, and the digest of the page around it as it is now.

    Raises `DataMistake` for a page that carries none.
    """
    page = path.read_text(encoding="utf-8")
    found = BLOCK.search(page)
    try:
        values = json.loads(found.group(1)) if found else None
    except ValueError as error:
        raise DataMistake(str(path), f"its study block is damaged ({error})", "report the study again") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT or found is None:
        raise DataMistake(str(path), "carries no study's results", "name a page of unseen study report")
    return values, _digest((page[: found.start()] + page[found.end() :]).encode())


def digest_of(bundle: Mapping[str, Any]) -> str:
    """SHA-256 of all that a bundle holds, but for this digest."""
    rest = {name: value for name, value in bundle.items() if name != "sha256"}
    return _digest(json.dumps(rest, ensure_ascii=True, sort_keys=True).encode())


def results_in(bundle: Mapping[str, Any]) -> StudyResults:
    """The results that a bundle holds, as `analyse` takes them."""
    records = json.loads(_unpacked(bundle["records"]))
    data = _unpacked(bundle["values"])
    arms = [_arm_in(each, record, bundle["rows"], data) for each, record in zip(bundle["arms"], records, strict=True)]
    return StudyResults(Path(), bundle["study"], tuple(arms))


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses as mappings, numbers that are none as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float | str | bool | None) else str(value)


class _Pool:
    """What the blocks of all arms share: lists of rows, and one run of bytes."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.arrays: list[bytes] = []
        self._places: dict[Any, int] = {}
        self._at = 0

    def rows_at(self, rows: tuple[Any, ...]) -> int:
        if rows not in self._places:
            self._places[rows] = len(self.rows)
            self.rows.append([list(row) for row in rows])
        return self._places[rows]

    def array_at(self, array: Any) -> Json:
        small = bool(((array >= 0) & (array <= 255) & (array == np.floor(array))).all())
        stored = np.ascontiguousarray(array, dtype="u1" if small else "<f8")
        found = {"at": self._at, "shape": list(stored.shape), "kind": stored.dtype.str}
        self.arrays.append(stored.tobytes())
        self._at += stored.nbytes
        return found


def _arm(arm: ArmResult, results: StudyResults, pool: _Pool) -> Json:
    said = {name: plain(getattr(arm, name)) for name in ("name", "seed", "state", "about", "against", "work", "error")}
    answers = _answers(arm.answers(results.rule), pool) if arm.finished else None
    return {**said, "matched": plain(arm.matched), "answers": answers}


def _answers(answers: Answers, pool: _Pool) -> Json:
    blocks = [
        {
            "model": model,
            "task": task,
            "seed": seed,
            "rows": pool.rows_at(found.rows),
            "metric": found.block.metric,
            "templates": list(found.block.templates),
            "statistics": pool.array_at(found.block.statistics),
            "present": pool.array_at(found.block.present),
        }
        for (model, task, seed), found in answers.blocks.items()
    ]
    said = {"digests": dict(answers.digests), "void": sorted(answers.void), "unknown": answers.unknown}
    return {"blocks": blocks, **said, "level": answers.level, "tuned": answers.tuned}


def _arm_in(said: Json, record: Json, rows: list[Any], data: bytes) -> ArmResult:
    arm = ArmResult(
        name=said["name"],
        seed=said["seed"],
        state=said["state"],
        record=record,
        folder=Path(said["name"]) / f"seed-{said['seed']}",
        about=said["about"],
        against=said["against"],
        work=said["work"],
        matched=said["matched"],
        error=said["error"],
    )
    return arm if said["answers"] is None else replace(arm, held=_answers_in(said["answers"], rows, data))


def _answers_in(said: Json, rows: list[Any], data: bytes) -> Answers:
    blocks = {
        (each["model"], each["task"], each["seed"]): TaskBlock(
            tuple((split, number) for split, number in rows[each["rows"]]),
            Block(
                each["metric"],
                tuple(each["templates"]),
                _array(each["statistics"], data).astype(np.float64),
                _array(each["present"], data).astype(bool),
            ),
        )
        for each in said["blocks"]
    }
    kept = {name: said[name] for name in ("digests", "unknown", "level", "tuned")}
    return Answers(blocks=blocks, void=frozenset(said["void"]), **kept)


def _array(said: Json, data: bytes) -> Any:
    count = math.prod(said["shape"])
    return np.frombuffer(data, dtype=said["kind"], count=count, offset=said["at"]).reshape(said["shape"])


def _without_texts(record: Mapping[str, Any]) -> Any:
    """A record without what rows say, and without what only its machine can tell."""
    return _hidden({name: value for name, value in record.items() if name not in LEFT_OUT})


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: text_digest(each) if key in TEXTS else _hidden(each) for key, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list | tuple) else value


def text_digest(text: Any) -> str:
    return f"sha256 {_digest(str(text).encode('utf-8', 'surrogatepass'))[:16]}"


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
