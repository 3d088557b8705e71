"""Models of the Hugging Face hub: the local cache first, then the network, briefly."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from unseen.data.network import require_network
from unseen.errors import DataMistake, DownloadFailed, ModelMistake, UserMistake
from unseen.model.contents import contents_of
from unseen.phases import Phase, Phases, untold

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?")
WANTED = ["*.safetensors", "*.json", "*.jinja", "*.model"]
OF_ADAPTER = ("adapter_model.safetensors", "unseen.json")  # what a pushed adapter has beside its settings
UNWANTED = ["*/*", "consolidated*"]


def hub_folder(name: str, phases: Phases = untold) -> tuple[Path, str]:
    """Local folder and commit of the hub model `org/name[@revision]`, downloaded when it is not in the hub's cache.

    Raises `ModelMistake` within three seconds when it is not there and the hub cannot be reached, when there is no
    such model, or when it has no safetensors; `DownloadFailed` when the download breaks.
    """
    repo, _, revision = name.partition("@")
    folder = _cached(repo, revision or None)
    if folder is None or not _is_whole(folder):
        try:
            phases(Phase("asking the hub for it"))
            require_network(name)
            folder = _downloaded(name, repo, revision or None, phases)
        except DataMistake as mistake:
            if folder is None:
                remedy = "connect to it, or name a local folder of the model"
                raise ModelMistake(name, f"is no folder here, and {mistake.what}", remedy) from None
    return folder, folder.name  # a snapshot's folder is named by its commit; what a broken one lacks, the caller tells


def cached_hub_folder(name: str) -> Path | None:
    """The folder of `org/name[@revision]` in the hub's cache, where it is there whole; asks nobody."""
    repo, _, revision = name.partition("@")
    folder = _cached(repo, revision or None)
    return folder if folder is not None and _is_whole(folder) else None


def _is_whole(folder: Path) -> bool:
    if (folder / "adapter_config.json").is_file():
        return all((folder / name).is_file() for name in OF_ADAPTER)
    try:
        contents_of(folder)
    except UserMistake:
        return False
    return True


def _cached(repo: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError, OSError):
        return None
    return folder if any(folder.glob("*.safetensors")) else None


def _downloaded(name: str, repo: str, revision: str | None, phases: Phases) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        info = HfApi().model_info(repo, revision=revision, timeout=10, files_metadata=True)
        files = [each.rfilename for each in info.siblings or ()]
        if not any(file.endswith(".safetensors") and "/" not in file for file in files):
            remedy = "choose a revision or a model that has them"
            raise ModelMistake(name, "has no safetensors on the hub; pickled weights are not loaded", remedy)
        size = sum(each.size or 0 for each in info.siblings or () if "/" not in each.rfilename)
        phases(Phase(f"downloading up to {size / 1e6:,.0f} MB"))
        return Path(snapshot_download(repo, revision=info.sha, allow_patterns=WANTED, ignore_patterns=UNWANTED))
    except GatedRepoError:
        raise ModelMistake(name, "asks for an agreement before it is given out", "agree on its page, log in") from None
    except RevisionNotFoundError:
        raise ModelMistake(name, f"has no revision '{revision}'", "check what follows the @") from None
    except RepositoryNotFoundError:
        raise ModelMistake(name, "no such model on the hub, or no right to read it", "check the id") from None
    except (HfHubHTTPError, OSError) as error:
        raise DownloadFailed(f"{name}: the hub did not give it ({type(error).__name__}: {error})") from None
