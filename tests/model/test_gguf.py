"""A GGUF file becomes a plain folder with the same weights, once, whatever happens on the way."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_models import logits, save_gguf

from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import ModelMistake
from unseen.model import gguf as conversion
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.model.quiet import quiet_transformers

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    return save_gguf(tmp_path / "tiny.gguf")


def test_the_copy_is_bit_equal_and_loads_as_a_plain_model(gguf: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    copy = load_model(resolve(str(gguf)))
    with quiet_transformers(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", io.StringIO())
        original = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    assert torch.equal(logits(copy.module), logits(original))
    assert not hasattr(copy.module.config, "quantization_config")
    assert all(torch.equal(value, copy.module.state_dict()[name]) for name, value in original.state_dict().items())


def test_a_second_time_nothing_is_converted(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = resolve(str(gguf))
    monkeypatch.setattr(conversion, "convert", _never)
    assert resolve(str(gguf)) == first


def test_a_folder_that_holds_nothing_else_means_its_file(gguf: Path) -> None:
    assert resolve(str(gguf.parent)).digest == resolve(str(gguf)).digest


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "unseen.json", "config.json"])
def test_a_damaged_copy_is_noticed_and_made_again(gguf: Path, file: str) -> None:
    sound = resolve(str(gguf))
    content = (sound.path / file).read_bytes()
    (sound.path / file).write_bytes(content[:-9] + b"x" + content[-8:])
    assert not conversion.is_whole(sound.path)
    assert resolve(str(gguf)) == sound
    assert conversion.is_whole(sound.path)


def test_a_conversion_that_breaks_off_leaves_nothing(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "_write_tokenizer", _never)
        with pytest.raises(AssertionError):
            resolve(str(gguf))
    place = conversion.converted_folder("0" * 64).parent
    assert list(place.iterdir()) == []
    assert resolve(str(gguf)).path.is_dir()


def test_digits_are_put_apart_again(gguf: Path) -> None:
    tokenizer = load_tokenizer(resolve(str(gguf)).path)
    steps = tokenizer.backend.pre_tokenizer.pre_tokenize_str("3½ a12")
    assert [text for text, _ in steps] == ["3", "Â½", "Ġa", "1", "2"]
    untouched = {"pre_tokenizer": {"type": "ByteLevel"}}
    assert conversion.with_digits_apart(untouched, "llama-bpe") == untouched


def test_what_is_no_gguf_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ModelMistake, match=r"a\.gguf: is no GGUF file"):
        resolve(str(tmp_path / "a.gguf"))
    with pytest.raises(ModelMistake, match="no such file"):
        resolve(str(tmp_path / "b.gguf"))


def test_a_truncated_gguf_file_is_a_model_mistake(gguf: Path) -> None:
    gguf.write_bytes(gguf.read_bytes()[:5000])
    with pytest.raises(ModelMistake, match="cannot be read"):
        resolve(str(gguf))


def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("should not be called")


def test_a_conversion_that_was_killed_is_made_again(gguf: Path) -> None:
    code = (
        "import os, signal, sys\nfrom unseen.model import gguf\nfrom unseen.model.folder import resolve\n"
        "gguf._write_tokenizer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\nresolve(sys.argv[1])"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(gguf)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    found = resolve(str(gguf))
    assert conversion.is_whole(found.path)
    left = [each for each in found.path.parent.iterdir() if each != found.path]
    os.utime(left[0], (0, 0))
    (found.path / "model.safetensors").write_bytes(b"")
    resolve(str(gguf))
    assert list(found.path.parent.iterdir()) == [found.path]
