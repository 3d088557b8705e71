"""What `unseen push` would send, on the terminal."""

from __future__ import annotations

import json

from unseen.reporting.numbers import counted
from unseen.reporting.publishing import Parcel
from unseen.reporting.terminal import print_table


def print_parcel(parcel: Parcel, hub_id: str, as_json: bool) -> None:
    """Every file with its bytes, then those that stay here with the reason, then the whole."""
    files = [{"file": each.path, "bytes": each.size} for each in parcel.files]
    kept_back = [{"stays_here": name, "reason": why} for name, why in parcel.kept_back]
    if as_json:
        whole = {"repository": hub_id, "kind": parcel.kind, "bytes": parcel.size, "files": files}
        print(json.dumps(whole | {"kept_back": kept_back}, ensure_ascii=False, indent=1))
        return
    print_table(files, as_json=False)
    if kept_back:
        print()
        print_table(kept_back, as_json=False)
    print()
    print(told(parcel, hub_id))


def told(parcel: Parcel, hub_id: str) -> str:
    """The whole in one line."""
    stays = f"; {counted(len(parcel.kept_back), 'file')} or folders stay here" if parcel.kept_back else ""
    return f"{counted(len(parcel.files), 'file')}, {megabytes(parcel.size)}, to the {parcel.kind} {hub_id}{stays}"


def megabytes(size: int) -> str:
    """0.1 MB at least, so that nothing looks like nothing."""
    return f"{max(size / 1e6, 0.1):.1f} MB"
