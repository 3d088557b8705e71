"""The manual leads somewhere: its links, the commands that it shows and their options."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from unseen.cli import app
from unseen.studio.recipe_keys import recipe_keys

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OF_TODAY = [page for page in PAGES if page.name not in ("notebook.md", "CHANGELOG.md", "commands.md")]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^```.*?^```\n?", re.M | re.S)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
INDENTED = re.compile(r"^(?: {4}.*\n)+", re.M)


def anchors(page: Path) -> set[str]:
    """The anchors that a code forge gives the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
    lost = []
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        there = page.parent / path if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            lost.append(target)
    assert not lost


@cache
def commands() -> dict[tuple[str, ...], frozenset[str]]:
    """Every command by its words, with the options that it knows."""

    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
        options = [name for each in command.params for name in (*each.opts, *each.secondary_opts)]  # type: ignore[attr-defined]
        yield path, frozenset([*options, "--help"])
        for name, each in getattr(command, "commands", {}).items():
            yield from walk(each, (*path, name))

    return dict(walk(get_command(app), ()))


def shown(page: Path) -> Iterator[str]:
    """The commands of ours that a page shows, in its blocks of code and within its sentences."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = [*FENCE.findall(text), *INDENTED.findall(FENCE.sub("", text))]
    for line in "".join(blocks).splitlines():
        if found := re.search(r"(?:^\s*(?:# )?|-m )(unseen [a-z-].*)$", line):
            yield found[1]
    yield from (code.strip("`") for code in CODE.findall(FENCE.sub("", text)) if code.startswith("`unseen "))


def wrong(line: str) -> str | None:
    """What of a command is not there; None where all of it is."""
    words = line.partition(" #")[0].split()[1:]
    path: tuple[str, ...] = ()
    while words and any(command[: len(path) + 1] == (*path, words[0].split("|")[0]) for command in commands()):
        path = (*path, words.pop(0).split("|")[0])
    if not path:
        return f"unseen {line}: there is no such command"
    options = re.findall(r"(?<!\S)--[a-z][a-z-]*", " ".join(words))
    unknown = [option for option in options if option not in commands()[path]]
    return f"{line}: {' '.join(path)} has no {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_is_there_with_its_options(page: Path) -> None:
    assert not [found for line in shown(page) if (found := wrong(line))]


def test_a_command_that_is_gone_is_found() -> None:
    assert wrong("unseen studdy run x") and wrong("unseen tune x --sett a=1") and not wrong("unseen tune x --set a=1")


def test_the_page_of_commands_has_every_command() -> None:
    listed = runpy.run_path(str(ROOT / "scripts" / "write_commands.py"))["COMMANDS"]
    assert {tuple(command) for command in listed} == set(commands())


def test_every_key_of_a_recipe_is_in_the_manual() -> None:
    """Those of a section under their own name, in the manual's page of recipes or in that of tuning."""
    recipes, tuning = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("recipe.md", "tuning.md"))
    told = {key: set(re.findall(r"`\.?([a-z_.]+)`", page)) for key, page in (("", recipes), ("train", tuning))}
    lost = [
        path
        for path in recipe_keys()
        if not {path, path.rpartition(".")[2]} & told["train" if path.startswith("train.") else ""]
    ]
    assert not lost
