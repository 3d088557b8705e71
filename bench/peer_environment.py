"""An environment of its own for a peer, with our versions of what both use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

SHARED = ("torch", "transformers", "tokenizers", "datasets", "accelerate", "peft")


def peer_python(folder: Path, peers: Sequence[str]) -> Path:
    """The Python of an environment with `peers`, as pip names them; made, or completed, when something is missing."""
    python, ready = folder / "bin" / "python", folder / "ready"
    held = ready.read_text("utf-8").split() if ready.is_file() else []
    missing = [peer for peer in peers if peer not in held]
    if not missing:
        return python
    print(f"{Path(sys.argv[0]).name}: installing {' '.join(missing)} into {folder}", file=sys.stderr)
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    versions = {name: version(name).partition("+")[0] for name in SHARED}
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{name}=={number}\n" for name, number in versions.items()))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"torch=={versions['torch']}"], check=True)
    subprocess.run([*pip, "-c", str(constraints), *missing], check=True)
    ready.write_text(" ".join([*held, *missing]))
    return python
