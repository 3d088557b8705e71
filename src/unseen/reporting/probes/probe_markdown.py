"""What a probe told as Markdown, for a repository or an issue."""

from __future__ import annotations

from unseen.reporting.markdown import table, text
from unseen.reporting.probes.probe_page import made_of, recipe_of
from unseen.reporting.probes.told import Told


def probe_markdown(told: Told) -> str:
    """The sentence, what to know about it, every point with its interval, and how they were made."""
    lines = [f"# Probe: {told.probe}", "", f"**{text(told.sentence)}**", ""]
    lines += [f"- {text(caveat)}" for caveat in told.caveats]
    lines += ["", "## The points", *table(told.heads, told.lines), "", "## How this was made", ""]
    lines += [f"- {text(name)}: {text(value)}" for name, value in made_of(told)]
    if recipe := recipe_of(told):
        lines += table(("setting", "value"), recipe)
    return "\n".join(lines) + "\n"
