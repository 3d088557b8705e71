"""PromptSource's own code, loaded from its source archive without installing it (it needs Python below 3.10).

Only `promptsource/templates.py` runs. What it imports and does not need for rendering is replaced by empty modules.
"""

from __future__ import annotations

import sys
import tarfile
import types
from pathlib import Path
from typing import Any

import yaml

ARCHIVE = "promptsource-0.2.3.tar.gz"


def archive_in_cache() -> Path | None:
    """The archive where `unseen import promptsource pypi:promptsource==0.2.3` and scripts/test leave it."""
    from unseen.data.places import cache

    return next(iter(sorted(cache().rglob(ARCHIVE))), None)


def load(archive: Path) -> types.ModuleType:
    """The module `promptsource.templates` of the archive."""
    missing = {name: types.ModuleType(name) for name in ("pandas", "pkg_resources")}
    missing["pandas"].DataFrame = object  # type: ignore[attr-defined]
    missing["pkg_resources"].resource_filename = lambda package, folder: folder  # type: ignore[attr-defined]
    kept = {name: sys.modules.get(name) for name in missing}
    sys.modules.update(missing)
    module = types.ModuleType("promptsource_templates")
    try:
        exec(compile(_text(archive, "promptsource/templates.py"), "promptsource/templates.py", "exec"), module.__dict__)
    finally:
        for name, before in kept.items():
            del sys.modules[name]
            if before is not None:
                sys.modules[name] = before
    return module


def template_files(archive: Path, module: types.ModuleType) -> dict[str, list[Any]]:
    """Their `Template` objects by the file's folder (`glue/rte`), as their own reader makes them."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            inside = member.name.partition("/promptsource/templates/")[2]
            if inside.endswith("/templates.yaml"):
                file = tar.extractfile(member)
                assert file is not None
                values = yaml.load(file.read(), Loader=yaml.FullLoader)
                found[inside.removesuffix("/templates.yaml")] = list(values["templates"].values())
    return found


def _text(archive: Path, path: str) -> str:
    with tarfile.open(archive) as tar:
        name = next(each for each in tar.getnames() if each.endswith(f"/{path}"))
        file = tar.extractfile(name)
        assert file is not None
        return file.read().decode("utf-8")
