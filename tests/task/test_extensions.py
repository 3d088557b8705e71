"""Files that add templates to a dataset which another file describes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from unseen.cli import run
from unseen.errors import UserMistake
from unseen.task.catalog import load_catalog

Write = Callable[[str, str], Path]
TEMPLATE = "  - {name: mine, prompt: '{{ text }} Good?', answer_choices: ['no', 'yes'], completion: 'yes'}\n"
FILE = "extends: sentiment/film_notes\ntemplates:\n" + TEMPLATE


def extended(write: Write, text: str) -> list[str]:
    return ["shipped", str(write("own/more.yaml", text).parent)]


def test_its_templates_stand_behind_those_of_the_dataset(write: Write) -> None:
    before = load_catalog(["shipped"]).task("sentiment/film_notes")
    after = load_catalog(extended(write, FILE)).task("sentiment/film_notes")
    assert after.templates[:-1] == before.templates and after.templates[-1].name == "mine"
    assert after.dataset.splits == before.dataset.splits


def test_a_turned_template_makes_the_turned_task(write: Write) -> None:
    turned = "extends: nli/fact_follows\ntemplates:\n  - {name: back, turned: true, prompt: x, completion: y}\n"
    task = load_catalog(extended(write, turned)).task("nli/fact_follows:turned")
    assert "back" in [each.name for each in task.templates]


def test_order_of_catalogs_does_not_matter(write: Write) -> None:
    names = extended(write, FILE)
    assert load_catalog(names).tasks.keys() == load_catalog(names[::-1]).tasks.keys()
    assert len(load_catalog(names[::-1]).task("sentiment/film_notes").templates) == len(
        load_catalog(names).task("sentiment/film_notes").templates
    )


def test_without_its_dataset_it_is_told_as_missing(write: Write) -> None:
    found = load_catalog(extended(write, FILE)[1:])
    assert not found.tasks and "more.yaml" in found.missing["sentiment/film_notes"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE.replace("mine", "liked_it"), "2 templates are called 'liked_it'"),
        (FILE.replace("sentiment/", ""), "extends: must be two names with / between them"),
        ("extends: sentiment/film_notes\ntemplate: []\n", "did you mean 'templates'"),
        ("extends: sentiment/film_notes\ntemplates: []\n", "templates: must not be empty"),
        (FILE.replace("prompt", "promt"), "more.yaml, template 'mine': unknown key 'promt'"),
    ],
)
def test_its_mistakes_name_its_own_file(write: Write, text: str, told: str) -> None:
    with pytest.raises(UserMistake) as raised:
        load_catalog(extended(write, text))
    assert any(told in line and "more.yaml" in line for line in raised.value.lines)


def test_who_reviewed_a_template_changes_nothing_of_it(write: Write) -> None:
    plain = load_catalog(extended(write, FILE)).task("sentiment/film_notes").templates[-1]
    told = FILE.replace("{name: mine", "{reviewed: {by: Ada, date: 2026-11-29}, name: mine")
    assert load_catalog(extended(write, told)).task("sentiment/film_notes").templates[-1] == plain


def test_the_example_of_the_manual_does_what_it_says(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    said = manual.split("## Templates for a dataset that another file describes\n")[1].split("\n## ")[0]
    file, commands = re.findall(r"(?:^    .*\n|^\n(?=    ))+", said, re.M)
    (name,) = re.findall(r"`(mine/\w+\.yaml)`", said)
    write(name, dedent(file))
    monkeypatch.chdir(tmp_path)
    told = {}
    for line in dedent(commands).strip().splitlines():
        words = shlex.split(line, comments=True)[1:]
        assert run(words) == 0, capsys.readouterr().err
        told[words[0]] = capsys.readouterr().out
    assert set(told) == {"render", "show", "list"}
    assert "Was it a good film?" in told["show"]
    assert told["list"].index("liked_it") < told["list"].index("good_film")
