"""A GGUF file becomes a plain model folder, once.

Loading GGUF takes ten seconds each time, and transformers cannot save what it loaded; the plain copy holds the same
weights, bit for bit, and loads in half a second.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import time
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from unseen.data.places import cache
from unseen.errors import ModelMistake, UserMistake
from unseen.fulldisk import AGAIN, whole_folder
from unseen.model.contents import contents_of, read_json
from unseen.model.quiet import quiet_transformers
from unseen.phases import Phase, Phases

CONVERSION = 1  # counted up when what a conversion writes changes
ABOUT = "unseen.json"
REMEDY = "use the model's safetensors"
ABANDONED = 3600.0  # seconds


def converted(gguf: Path, phases: Phases) -> Path:
    """The plain model folder of `gguf`, made now or before; cached under the digest of the file's content.

    Raises `ModelMistake` when the file is no GGUF file, or holds a model that transformers cannot read.
    """
    check_magic(gguf)
    with gguf.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = converted_folder(digest)
    return folder if is_whole(folder) else convert(gguf, folder, phases)


def converted_folder(gguf_digest: str) -> Path:
    """Where the plain copy of the GGUF file with this SHA-256 lies, or will."""
    return cache() / "models" / f"gguf-{gguf_digest[:16]}-{CONVERSION}"


def is_whole(folder: Path) -> bool:
    """Whether `folder` holds a conversion, undamaged: its content has the digest that was noted when it was made."""
    try:
        noted = read_json(folder / ABOUT) if (folder / ABOUT).is_file() else {}
        return noted.get("digest") == contents_of(folder).digest and noted.get("tokenizer") == _tokenizer_digest(folder)
    except UserMistake:
        return False


def convert(gguf: Path, folder: Path, phases: Phases) -> Path:
    """Write the plain copy of `gguf` to `folder`, which appears when it is complete, and replaces a damaged one.
    Raises `DiskFull` where there is no room."""
    _sweep(folder)
    with whole_folder(folder, f"the plain copy of {gguf.name}", AGAIN) as unfinished:
        phases(Phase("converting its weights"))
        _write_model(gguf, unfinished)
        phases(Phase("converting its tokenizer"))
        _write_tokenizer(gguf, unfinished)
        phases(Phase("checking what was converted"))
        noted = {"digest": contents_of(unfinished).digest, "tokenizer": _tokenizer_digest(unfinished)}
        (unfinished / ABOUT).write_text(json.dumps(noted), encoding="utf-8")
    return folder


def _sweep(folder: Path) -> None:
    """Remove what conversions of the same file left when they were killed; a conversion takes under a minute."""
    for left in folder.parent.glob(f".{folder.name}-*"):
        if time.time() - left.stat().st_mtime > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)


def check_magic(gguf: Path) -> None:
    """Raises `ModelMistake` unless the file begins as a GGUF file does."""
    if not gguf.is_file():
        what = "is a folder" if gguf.is_dir() else "no such file"
        raise ModelMistake(str(gguf), what, "name a GGUF file")
    with gguf.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelMistake(str(gguf), "is no GGUF file", "download it again")


def _write_model(gguf: Path, folder: Path) -> None:
    """Weights and configuration, without the note that they were quantised once, which would forbid to save them."""
    from transformers import AutoModelForCausalLM

    with quiet_transformers(), redirect_stderr(StringIO()):  # its bar heeds no setting
        try:
            quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
        except Exception as error:  # the readers of GGUF raise many kinds; all mean that this file cannot be used
            raise ModelMistake(str(gguf), f"cannot be read ({_first_line(error)})", REMEDY) from None
        config = quantised.config
        if hasattr(config, "quantization_config"):
            del config.quantization_config
        plain = AutoModelForCausalLM.from_config(config)
        plain.load_state_dict(quantised.state_dict(), strict=True)
        plain.tie_weights()
        plain.save_pretrained(folder)


def _write_tokenizer(gguf: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    with quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
        except Exception as error:
            raise ModelMistake(str(gguf), f"its tokenizer cannot be read ({_first_line(error)})", REMEDY) from None
        tokenizer.save_pretrained(folder)
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(with_digits_apart(values, pre_tokenizer_of(gguf)), ensure_ascii=False), encoding="utf-8")


def pre_tokenizer_of(gguf: Path) -> str:
    """The name of the pre-tokenizer that the GGUF file asks for."""
    from gguf import GGUFReader

    field = GGUFReader(gguf).fields.get("tokenizer.ggml.pre")
    return str(field.contents()) if field else ""


def with_digits_apart(values: dict[str, Any], pre_tokenizer: str) -> dict[str, Any]:
    """A converted `tokenizer.json` with the step that the conversion loses.

    In SmolLM's tokenizer every digit stands alone before words are split ("3½" is "3", "½"); the conversion keeps
    only the byte-level split. llama.cpp's name for that pair of steps is `smollm`.
    """
    step = values.get("pre_tokenizer") or {}
    if pre_tokenizer != "smollm" or step.get("type") != "ByteLevel":
        return values
    digits = {"type": "Digits", "individual_digits": True}
    return {**values, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, step]}}


def _tokenizer_digest(folder: Path) -> str:
    names = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
    files = [folder / name for name in names if (folder / name).is_file()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _first_line(error: BaseException) -> str:
    if isinstance(error, struct.error | IndexError):
        return "it ends before what its header says"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
