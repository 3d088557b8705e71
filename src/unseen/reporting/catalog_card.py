"""The card of a catalog that is sent to the hub as a dataset: what it describes, its languages, its licences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from unseen.data.dataset import Dataset
from unseen.reporting.card_facts import licence_id
from unseen.reporting.markdown import table, text
from unseen.reporting.numbers import counted


def catalog_card(name: str, datasets: Sequence[Dataset], with_rows: bool) -> str:
    """The card with its front matter; a licence stands there only where all datasets have the same."""
    licences = {each.licence for each in datasets}
    known = licence_id(licences.pop()) if len(licences) == 1 else None
    values = {
        "license": known,
        "language": sorted({language for each in datasets for language in each.language}),
        "tags": ["unseen", "instruction-tuning", "prompt-templates"],
        "pretty_name": name,
    }
    front = yaml.safe_dump({key: value for key, value in values.items() if value}, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n" + "\n".join(_body(name, datasets, with_rows)) + "\n"


def _body(name: str, datasets: Sequence[Dataset], with_rows: bool) -> Iterator[str]:
    yield f"# {text(name)}"
    rows = "with rows" if with_rows else "without rows, which licences may forbid to pass on"
    yield from (
        "",
        f"A catalog for `unseen`: descriptions and templates of {counted(len(datasets), 'dataset')}, {rows}.",
    )
    yield from ("", "```sh", "unseen list tasks --catalog FOLDER_OF_THIS_REPOSITORY", "```")
    heads = ("task", "templates", "languages", "licence", "published as")
    yield from table(heads, map(_line, sorted(datasets, key=lambda each: each.task)))


def _line(each: Dataset) -> tuple[str, ...]:
    licence = each.licence or "not told"
    return each.task, str(len(each.templates)), ", ".join(each.language), licence, ", ".join(each.origin)
