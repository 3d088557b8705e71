"""Records of a dataset on the Hugging Face hub, or of a local folder with the hub's layout, streamed by `datasets`."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unseen.data.dataset import Source
from unseen.data.network import require_network as _require_network
from unseen.data.parquet import plain
from unseen.errors import DataMistake

COMMIT = re.compile(r"[0-9a-f]{40}")


def read_hub(source: Source) -> Iterator[dict[str, Any]]:
    """One dict a record of `source.options`' `subset` and `split`; a ClassLabel column holds its index.

    Raises `DataMistake`: no network, no such dataset, subset or split, a dataset that needs its own loading script.
    """
    pinned = resolve(source)
    try:
        for record in _stream(pinned):
            yield {name: plain(value) for name, value in record.items()}
    except DataMistake:
        raise
    except Exception as error:  # `datasets` raises whatever its readers do; the cause tells the file and the line
        raise DataMistake(source.path, _reason(error), "check the id, 'subset' and 'splits'") from error


def resolve(source: Source) -> Source:
    """`source` with its revision replaced by the commit that it means now. A local folder, or a commit, stays."""
    if Path(source.path).is_dir():
        return source
    name, _, revision = source.path.partition("@")
    if COMMIT.fullmatch(revision):
        return source
    commit = _commit_of(name, revision or "main", source.path)
    return dataclasses.replace(source, path=f"{name}@{commit}")


def content_of(source: Source) -> str:
    """What identifies the records of a resolved source: its commit, or the bytes of the local folder."""
    folder = Path(source.path)
    if not folder.is_dir():
        return source.path
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            digest.update(f"{path.relative_to(folder)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _stream(source: Source) -> Iterator[dict[str, Any]]:
    local = Path(source.path).is_dir()
    name, _, revision = (source.path, "", "") if local else source.path.partition("@")
    if not local:
        _require_network(source.path)
    from datasets import load_dataset_builder

    wanted = {"name": source.options.get("subset"), "revision": revision or None}
    builder = load_dataset_builder(name, **wanted)
    if type(builder).__module__.endswith(".csv"):  # else 'NA', 'None' and '' become nothing
        builder = load_dataset_builder(name, **wanted, keep_default_na=False)
    with _torch_not_asked_for():
        rows = builder.as_streaming_dataset(split=source.options["split"])
    yield from rows


@contextmanager
def _torch_not_asked_for() -> Iterator[None]:
    """`datasets` loads torch (1 s) for a parent class of its streams, which reading rows has no use for."""
    from datasets import config

    available, config.TORCH_AVAILABLE = config.TORCH_AVAILABLE, "torch" in sys.modules
    try:
        yield
    finally:
        config.TORCH_AVAILABLE = available


def _commit_of(name: str, revision: str, where: str) -> str:
    _require_network(where)
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return str(HfApi().dataset_info(name, revision=revision, timeout=10).sha)
    except RevisionNotFoundError:
        raise DataMistake(where, f"the hub dataset has no revision '{revision}'", "check what follows the @") from None
    except RepositoryNotFoundError:
        raise DataMistake(where, "no such dataset on the hub, or no right to read it", "check the id") from None
    except HFValidationError:
        raise DataMistake(where, "is neither a folder nor a hub id", "write org/name@revision") from None
    except Exception as error:  # whatever its HTTP client raises
        raise DataMistake(where, f"the hub did not answer ({_reason(error)})", "try again later") from error


def _reason(error: BaseException) -> str:
    """The innermost message: `datasets` hides the real one behind 'An error occurred while generating'."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"[:300]
