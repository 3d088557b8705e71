"""What a page shows of the catalogs, handed on to the other pages by the navigation: in the addresses of its links, so
that it works without a script, and kept by the script of the tab for pages that show nothing of the kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from unseen.reporting.markup import Markup, tag
from unseen.reporting.numbers import row_name

ON = "on"  # in an address: what is handed on, or nothing, where it is forgotten
LONGEST = 2000  # characters of it


@dataclass(frozen=True, slots=True)
class At:
    """A task, and where there are some, a template and a row of it. What was handed on may be gone since."""

    task: str
    template: str = ""
    split: str = ""
    row: int | None = None

    @classmethod
    def of(cls, said: str) -> At | None:
        """What an address says; None where it says nothing, or nothing of the kind."""
        values = dict(parse_qsl(said[:LONGEST]))
        row = values.get("row", "")
        if not values.get("task"):
            return None
        number = int(row) if row.isascii() and row.isdecimal() and len(row) <= 12 else None
        return cls(values["task"], values.get("template", ""), values.get("split", ""), number)

    @property
    def values(self) -> Mapping[str, str]:
        said = {"task": self.task, "template": self.template, "split": self.split}
        return {name: each for name, each in said.items() if each} | (
            {} if self.row is None else {"row": str(self.row)}
        )

    @property
    def words(self) -> str:
        """mine/complaints, template ask, row test[12]."""
        template = f", template {self.template}" if self.template else ""
        return self.task + template + ("" if self.row is None else f", row {row_name(self.split, self.row)}")

    def to(self, path: str) -> str:
        """The address of a page of the navigation with this in it."""
        ways: dict[str, Callable[[], Mapping[str, str]]] = {
            "/templates": lambda: self.values,
            "/tokens": lambda: self.values,
            "/ask": self._asked,
            "/mixture": lambda: {"dataset": self.task.partition(":")[0]},
        }
        known = ways[path]() if path in ways else {}
        return f"{path}?{urlencode({**known, ON: urlencode(self.values)})}"

    def _asked(self) -> Mapping[str, str]:
        named = {} if self.row is None else {"row": row_name(self.split, self.row)}
        return {name: each for name, each in self.values.items() if name in ("task", "template")} | named


def at_mark(at: At, paths: tuple[str, ...]) -> Markup:
    """Tells the page's script what is shown now, in a part that may be replaced."""
    return tag("span", hidden=True, data_at=json.dumps({path: at.to(path) for path in paths}))


def begun_with(at: At) -> Markup:
    """A line that says what a page was handed, and leads out of it."""
    return tag("p", f"Begins with {at.words}, which you looked at last. ", all_datasets(), class_="faint handed")


def all_datasets() -> Markup:
    """The way out, which forgets what was looked at."""
    return tag("a", "All datasets", href=f"/?{ON}=")
