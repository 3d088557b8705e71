"""Sending files to a repository of the Hugging Face hub, in one commit: it shows all of them or none.

A push that was killed goes on: the same call sends no large file again that had arrived, and no file that is there
already as it is here.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unseen.data.network import require_network
from unseen.errors import DataMistake, UnseenError, UploadFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub import HfApi

Kind = Literal["model", "dataset"]
LARGEST = 50 * 10**9  # bytes that the hub takes of one file
TOLD = {
    401: ("does not know this token", "make a new one on its page of tokens, with the right to write"),
    403: ("does not let this token write there", "use a token with the right to write, or another name before the /"),
    404: ("has no such repository, or hides it from this token", "check the id and the token"),
    409: ("has a change that came in between, or another repository of this name", "look at its page, then push again"),
    413: ("takes no request or file of this size", "save the model in smaller shards"),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: its path in the repository, and where it lies or what it holds."""

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True, slots=True)
class Target:
    """The repository `org/name`, and the branch of it; both are made where they are not there."""

    repo: str
    kind: Kind
    private: bool = False
    branch: str | None = None


def upload(target: Target, files: Sequence[Upload], message: str, token: str | None = None) -> str:
    """Send `files`; the address of the commit. `token` None is that of the environment, or of the hub's login.

    Raises `UserMistake` for what the hub refuses (400, 401, 403, 404, 409, 413), for a repository that is to be private
    and is public, for no network and no token, and `UploadFailed` when it breaks off.
    """
    require_small(files)
    require_network(target.repo)
    token = token or _known_token(target.repo)
    from huggingface_hub import CommitOperationAdd, HfApi, constants

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or constants.ENDPOINT, token=token)
    # A copy by path, not by handle: the client opens it when its turn comes.
    added = [CommitOperationAdd(each.path, each.content) for each in files]
    _quiet()
    with _told(target.repo):
        _prepared(api, target)
        made = api.create_commit(
            target.repo, added, commit_message=message, repo_type=target.kind, revision=target.branch
        )
    return str(made.commit_url)


def require_small(files: Sequence[Upload]) -> None:
    """Raise `DataMistake` about a file that the hub will not take."""
    for each in files:
        if each.size > LARGEST:
            what = f"has {each.size / 1e9:.0f} GB, and the hub takes {LARGEST / 1e9:.0f} GB a file"
            raise DataMistake(each.path, what, "save the model in smaller shards")


def token_in(path: Path) -> str:
    """The token that a file holds. Raises `DataMistake` when it has none."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DataMistake(str(path), f"cannot be read ({reason})", "name the file that holds the token") from None
    if not token or len(token.split()) > 1:
        raise DataMistake(str(path), "does not hold a token and nothing else", "write the token alone into it")
    return token


def _known_token(repo: str) -> str:
    from huggingface_hub import get_token

    token = get_token()
    if not token:
        raise UserMistake(repo, "there is no token for the hub", "set HF_TOKEN, or name its file with --token-file")
    return token


def _prepared(api: HfApi, target: Target) -> None:
    """The repository and its branch, made where they are not there."""
    private = True if target.private else None
    api.create_repo(target.repo, repo_type=target.kind, private=private, exist_ok=True)
    if target.private and not api.repo_info(target.repo, repo_type=target.kind).private:
        remedy = "make it private on its page, or leave out --private"
        raise UserMistake(target.repo, "is there already, and is public", remedy)
    if target.branch:
        api.create_branch(target.repo, branch=target.branch, repo_type=target.kind, exist_ok=True)


@contextmanager
def _told(repo: str) -> Iterator[None]:
    """What the hub's client raises, as one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the client's, of its HTTP client
            yield
    except UnseenError:
        raise
    except RuntimeError as error:  # of a large file; the reason is its cause
        raise _reason(repo, error.__cause__ or error) from None
    except Exception as error:
        raise _reason(repo, error) from None


def _reason(repo: str, error: BaseException) -> UnseenError:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if isinstance(error, HFValidationError):
        return DataMistake(repo, "is no hub id", "write org/name")
    if isinstance(error, HfHubHTTPError):
        return _refusal(repo, getattr(error.response, "status_code", 0), error.server_message)
    if isinstance(error, ValueError):  # the card's metadata, or what the store of large files says of one
        return UserMistake(repo, f"the hub refused it ({error})", "mend it, then push again")
    told = f"{type(error).__name__}: {error}"  # whatever the HTTP client raises
    return UploadFailed(f"{repo}: the connection broke ({told}); the same command goes on")


def _refusal(repo: str, status: int, said: str | None) -> UnseenError:
    if status in TOLD:
        what, remedy = TOLD[status]
        return UserMistake(repo, f"the hub {what} ({status})", remedy)
    if status == 400:
        return UserMistake(repo, f"the hub refused it ({said or 'it does not say why'})", "mend it, then push again")
    return UploadFailed(f"{repo}: the hub did not take it ({status}); the same command goes on")


def _quiet() -> None:
    """No bars where nobody looks."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
