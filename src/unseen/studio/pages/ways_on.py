"""From a row that a prediction names to the pages that show it: its tokens, its templates, and asking it anew."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from unseen.evaluation.prediction import Prediction
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import row_name
from unseen.studio.asking import recipe_of
from unseen.studio.hand_on import At
from unseen.studio.pages.runs import run_path
from unseen.studio.workspace import Workspace


def at_of(workspace: Workspace, one: Prediction) -> At | None:
    """The row of a prediction; nothing where the studio's catalogs lack its task."""
    if one.task not in workspace.catalog().tasks:
        return None
    return At(one.task, one.template, one.split, one.row)


def ways_on(workspace: Workspace, run: str, folder: Path, number: int, one: Prediction) -> Markup:
    """Links for the question of that number in a run; where the studio's catalogs lack the task, a line that says
    so."""
    answers = tag("a", "Its answers as tokens", href=run_path(run, f"prediction-tokens/{number}"), class_="button")
    if one.task not in workspace.catalog().tasks:
        said = f"The catalogs of this studio have no task {one.task}, so its rows are not shown."
        return joined(tag("p", answers, class_="bar"), tag("p", said, class_="faint"))
    asked = {"task": one.task, "template": one.template}
    row = {"row": row_name(one.split, one.row)}
    model = str(recipe_of(workspace, run).get("model") or "")
    talked = {"run": run} if (folder / "model").is_dir() else {"left": model} if model else {}
    read = {"model": model} if model else {}
    ways = {
        "Its row as tokens": f"/tokens?{urlencode({**asked, **row, **read, 'shots': one.shots})}",
        "Its templates": f"/templates?{urlencode({**asked, 'split': one.split, 'row': one.row})}",
        "Ask it again": f"/ask?{urlencode({**asked, **row, **talked})}",
    }
    return tag("p", answers, *(tag("a", name, href=href, class_="button") for name, href in ways.items()), class_="bar")
