"""What of a run or a catalog is sent to the hub, and what stays here; rows stay unless they are asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unseen.data.hub_upload import Kind, Upload
from unseen.data.places import user_catalog
from unseen.errors import DataMistake
from unseen.model.folder import ABOUT
from unseen.model.hub import HUB_ID
from unseen.reporting.card import CARD, write_card
from unseen.reporting.catalog_card import catalog_card
from unseen.reporting.page import report
from unseen.reporting.run_data import load_run
from unseen.reporting.without_places import about_without_places, settings_without_places
from unseen.study.record import NAME
from unseen.task.catalog import Catalog, load_catalog

PAGE = "report.html"
DESCRIBING = (".yaml", ".yml", ".md")  # what of a catalog describes; anything else may hold rows
LICENCES = ("LICENSE", "LICENCE", "NOTICE")
LINK = "is a link out of the catalog's folder"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What would go, and what stays here with the reason."""

    kind: Kind
    files: tuple[Upload, ...]
    kept_back: tuple[tuple[str, str], ...]
    message: str

    @property
    def size(self) -> int:
        """Bytes of all that would go."""
        return sum(each.size for each in self.files)


def parcel_of(place: str, *, with_rows: bool = False, with_report: bool = True) -> Parcel:
    """What of a run's folder, or of a catalog (its folder, or `user`), is sent.

    Raises `DataMistake` for a place that is neither, and for a run that is not finished or left no model.
    """
    folder = user_catalog() if place == "user" else Path(place).expanduser()
    if (folder / NAME).is_file():
        return _run_parcel(folder, with_rows, with_report)
    if folder.is_dir() and any(folder.glob("*.yaml")):
        return _catalog_parcel(folder, with_rows)
    raise DataMistake(place, "is neither a run nor a catalog", "name a run's folder, 'user', or a catalog's folder")


def require_hub_id(name: str) -> None:
    """Raise `DataMistake` for what is no `org/name`."""
    if not HUB_ID.fullmatch(name) or "@" in name:
        raise DataMistake(name, "is no hub id", "write org/name; a branch goes into --revision")


def _run_parcel(folder: Path, with_rows: bool, with_report: bool) -> Parcel:
    run, model = load_run(folder), folder / "model"
    if not run.record.finished:
        raise DataMistake(str(folder), "is not finished", "go on with unseen tune --resume")
    if not (model / ABOUT).is_file():
        raise DataMistake(str(folder), "left no model", "push a run of unseen tune")
    write_card(run)  # where a person has edited the card, it stays and goes as it is
    own = [path for path in sorted(model.iterdir()) if path.is_file() and path.name not in OURS]
    for path in own:
        if leads_out(path, folder):
            raise DataMistake(str(path), "is a link out of the run's folder", "put the file itself there, or nothing")
    files = [_sent(path, run.record.model.name) for path in own]
    files += [Upload(CARD, (model / CARD).read_bytes()), Upload(ABOUT, about_without_places(model))]
    kept_back = [(name, why) for name, why in STAYS.items() if (folder / name).exists()]
    if with_report:
        files.append(Upload(PAGE, _page(folder, with_rows)))
    else:
        kept_back.append((PAGE, "asked for"))
    message = f"{run.record.name} {run.record.fingerprint[:8]}, tuned with unseen {run.record.versions.get('unseen')}"
    return Parcel("model", tuple(files), tuple(kept_back), message)


def leads_out(file: Path, folder: Path) -> bool:
    """Whether a file lies elsewhere and is only linked: a folder that comes from others could name any file of one's
    own."""
    return not file.resolve().is_relative_to(folder.resolve())


OURS = (CARD, ABOUT)  # made anew for the hub
STAYS = {
    "predictions.parquet": "holds the texts of rows",
    "record.json": "its proof holds the texts of rows; the card says the rest",
    "checkpoints": "are for going on with the tuning",
    "replay": "is for unseen verify",
    "scores.json": "stands in the card and the page",
    "steps.jsonl": "stands in the page",
}


def _sent(file: Path, base: str) -> Upload:
    """A file of the model; settings that name a place of this machine go with a name instead."""
    return Upload(file.name, settings_without_places(file, base) or file)


def _page(folder: Path, with_rows: bool) -> bytes:
    """The run's page, made now: the one in its folder holds rows."""
    with tempfile.TemporaryDirectory() as place:
        return report([folder], with_rows=with_rows, out=Path(place) / PAGE).read_bytes()


def _catalog_parcel(folder: Path, with_rows: bool) -> Parcel:
    catalog = load_catalog([str(folder)])
    files, kept_back = [], []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        why = LINK if leads_out(path, folder) else _stays(path, name, with_rows)
        if why:
            kept_back.append((name, why))
        else:
            files.append(Upload(name, path))
    kept_back += sorted({(path, "lies outside the catalog's folder") for path in _elsewhere(catalog, folder)})
    if not any(each.path == CARD for each in files):
        files.append(Upload(CARD, catalog_card(folder.name, catalog.datasets, with_rows).encode()))
    return Parcel("dataset", tuple(files), tuple(kept_back), f"catalog {folder.name}, {len(catalog.datasets)} datasets")


def _stays(path: Path, name: str, with_rows: bool) -> str:
    """Why a file of a catalog stays here; empty when it goes."""
    if any(part.startswith(".") for part in Path(name).parts):
        return "is hidden"
    if with_rows or path.suffix in DESCRIBING or path.stem in LICENCES:
        return ""
    return "may hold rows; --with-rows sends it"


def _elsewhere(catalog: Catalog, folder: Path) -> Iterator[str]:
    """Files and hub datasets that the descriptions name and that are not in the folder."""
    for dataset in catalog.datasets:
        for source in dataset.splits.values():
            inside = Path(source.path).is_absolute() and Path(source.path).is_relative_to(folder.absolute())
            if source.format != "hub" and not inside:
                yield f"{dataset.task}: {Path(source.path).name}"
