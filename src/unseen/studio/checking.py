"""The checks of `render --check` over a dataset's rows, in steps, so that a page can show how far they are and stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseen.data.dataset import ALL, Dataset, Row
from unseen.data.rows import is_unlabelled
from unseen.errors import UserMistake, one_line
from unseen.prompt.check import checking
from unseen.prompt.template import Template
from unseen.reporting.rendering import MOST_CHECKED
from unseen.studio.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Checked:
    """How far a check is: rows rendered `of` those that it reads, unlabelled ones left out, the mistakes of the splits
    that are done, a line each, and whether all are."""

    rows: int
    of: int
    unlabelled: int = 0
    mistakes: tuple[str, ...] = ()
    done: bool = False


def checks(workspace: Workspace, dataset: Dataset, template: Template) -> Iterator[Checked]:
    """`template` on the rows of every split, up to 10,000 of each; the last item is the whole result."""
    labelled: dict[str, list[Row]] = {}
    unlabelled, mistakes = 0, list[str]()
    for split in (each for each in dataset.splits if each != ALL):
        try:
            rows = workspace.first_rows(dataset, split, MOST_CHECKED)
        except UserMistake as mistake:
            mistakes += mistake.lines
            continue
        labelled[split] = [row for row in rows if not is_unlabelled(dataset, row)]
        unlabelled += len(rows) - len(labelled[split])
    of, done = sum(map(len, labelled.values())), 0
    yield Checked(0, of, unlabelled)
    for split, rows in labelled.items():
        steps, before = checking([template], rows), done
        while True:
            try:
                done += next(steps)
            except StopIteration as end:
                mistakes += [_line(split, each) for each in end.value]
                done = before + len(rows)
                break
            yield Checked(done, of, unlabelled, tuple(mistakes))
    yield Checked(done, of, unlabelled, tuple(dict.fromkeys(mistakes)), True)


def _line(split: str, mistake: UserMistake) -> str:
    """What is wrong, without the file and the template, which are known."""
    return one_line(f"{split}: {mistake.what}; {mistake.remedy}" if mistake.remedy else f"{split}: {mistake.what}")
