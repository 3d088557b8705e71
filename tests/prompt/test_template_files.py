"""Template files, ours and PromptSource's, are read whole, and everything wrong in one is told at once."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Dataset, Row
from unseen.errors import Mistakes, TemplateMistake, UserMistake
from unseen.prompt.check import check_templates
from unseen.prompt.engine import compile_template
from unseen.prompt.promptsource import import_promptsource
from unseen.prompt.promptsource_file import read_promptsource
from unseen.prompt.template import Template
from unseen.prompt.templates import load_templates, templates_of

Write = Callable[[str, str], Path]
PROMPTSOURCE = """
dataset: toy
subset: notes
templates:
  0a-1: !Template
    answer_choices: no ||| yes
    id: 0a-1
    jinja: "{{text}} Good? ||| {{answer_choices[label]}}"
    metadata: !TemplateMetadata
      choices_in_prompt: false
      languages: [en]
      metrics: [Accuracy]
      original_task: true
    name: good
    reference: ''
  0a-2: !Template
    answer_choices: null
    id: 0a-2
    jinja: "Write a note. ||| {{text}}"
    metadata: !TemplateMetadata
      choices_in_prompt: null
      metrics: [ROUGE]
      original_task: false
    name: write
    reference: ''
"""
OURS = """
dataset: toy
templates:
  - name: good
    prompt: "{{ text }} Good?"
    completion: "{{ answer_choices[label] }}"
    answer_choices: ["no", "yes"]
  - {name: write, prompt: "Write a note.", completion: "{{ text }}", turned: true}
"""


def dataset(*templates: dict[str, Any], kind: str = "rows") -> Dataset:
    return Dataset("toy", "notes", {}, ("toy",), kind=kind, templates=templates, file=Path("toy.yaml"))


def test_a_promptsource_file_keeps_its_metadata(write: Write) -> None:
    file = load_templates(write("templates.yaml", PROMPTSOURCE))
    good, other = file.templates
    assert file.name == "toy/notes"
    assert (good.name, good.answer_choices, good.syntax) == ("good", "no ||| yes", "promptsource")
    assert (good.original_task, good.choices_in_prompt, good.metrics, good.languages) == (
        True,
        False,
        ("Accuracy",),
        ("en",),
    )
    assert (other.original_task, other.choices_in_prompt, other.answer_choices) == (False, None, None)


def test_a_file_of_ours_is_named_by_its_dataset_or_its_stem(write: Write) -> None:
    assert load_templates(write("a.yaml", OURS)).name == "toy"
    file = load_templates(write("mine.yaml", OURS.replace("dataset: toy\n", "")))
    assert file.name == "mine"
    assert [template.turned for template in file.templates] == [False, True]


def test_templates_of_a_description_know_their_file_and_dataset() -> None:
    (only,) = templates_of(dataset({"name": "a", "prompt": "{{ x }}", "completion": "y", "metrics": "accuracy"}))
    assert (only.where, only.dataset, only.metrics) == ("toy.yaml", "toy", ("accuracy",))


def test_all_mistakes_of_a_description_are_told_together() -> None:
    with pytest.raises(Mistakes) as caught:
        templates_of(
            dataset(
                {"name": "a", "prompt": "x", "completion": "y", "anser_choices": ["no"]},
                {"name": "b", "completion": "y"},
                {"name": "c", "prompt": "x", "completion": "y", "answer_choices": [True, False]},
                {"name": "d", "prompt": "x", "completion": "y"},
                {"name": "d", "prompt": "x", "completion": "y"},
                {"promptsource": "glue/rtee"},
            )
        )
    lines = caught.value.lines
    assert len(lines) == 5
    assert all(line.startswith("toy.yaml") for line in lines)
    for word in (
        "did you mean 'answer_choices'",
        "template 'b': prompt",
        "quotes around yes",
        "called 'd'",
        "catalog",
    ):
        assert sum(word in line for line in lines) == 1, word


@pytest.mark.parametrize(
    "text",
    [
        "templates: [",
        "just text",
        "[1, 2]",
        "templates: nothing",
        "templates: [one]",
        "templates: []",
        "templates: [{name: a}]",
        "templates: [{name: a, prompt: [x], completion: y}]",
        "templats: []",
        "templates: {a: nothing}",
        "templates: {a: !Template {name: x}}",
        "templates: !Unknown {a: 1}",
        "templates: !!python/object:os.system {}",
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(f"{c}: &{c} [{', '.join(['*' + chr(ord(c) - 1)] * 8)}]\n" for c in "bcdefghijk")
        + "templates: [{name: a, prompt: *k}]",
        "{" * 3000,
    ],
)
def test_a_malformed_file_is_told_by_its_name(text: str, write: Write) -> None:
    path = write("templates.yaml", text)
    with pytest.raises(TemplateMistake) as caught:
        load_templates(path)
    assert all(line.startswith(str(path)) and line.isprintable() for line in caught.value.lines)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00a", b"\x80abc"])
def test_what_is_not_text_is_told_by_its_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "templates.yaml").write_bytes(data)
    with pytest.raises(TemplateMistake, match=r"templates\.yaml"):
        load_templates(tmp_path / "templates.yaml")


def test_check_lists_every_mistake_at_once() -> None:
    def ours(name: str, prompt: str, completion: str = "y", **said: Any) -> Template:
        return Template(name, prompt, completion, where="toy.yaml", **said)

    rows = [Row("train", index, {"text": "a", "label": index - 1}) for index in range(4)]
    lines = [
        str(mistake)
        for mistake in check_templates(
            [
                ours("fine", "{{ text }}"),
                ours("columns", "{{ txt }} {{ title }}"),
                ours("label", "{{ text }}", "{{ answer_choices[label] }}", answer_choices=("no", "yes")),
                ours("no_completion", "{{ text }}", ""),
                ours("syntax", "{{ text", "{{ titel }} {{ text | shout }}"),
                ours("half", "{{ txt }}", "{{ text.__class__ }}"),
                ours("empty", "{{ text }}", "{% if label > 9 %}x{% endif %}"),
                ours("fine", "{{ text }}"),
            ],
            rows,
        )
    ]
    expected = [
        "2 templates are called 'fine'",
        "'columns': reads column 'title'",
        "'columns': reads column 'txt'",
        "'label', row train/0: label -1 (column 'label')",
        "'label', row train/3: label 2 (column 'label')",
        "'no_completion': has no completion",
        "'syntax', line 1 of prompt",
        "'syntax', line 1 of completion: no filter 'shout'",
        "'half', line 1 of completion: reaches for '__class__'",
        "'half': reads column 'txt'",
        "'empty': renders empty for all of 4 rows",
    ]
    assert len(lines) == len(expected)
    for line, wanted in zip(lines, expected, strict=True):
        assert wanted in line and line.startswith("toy.yaml")


def test_an_imported_template_renders_as_the_original(write: Write, home: Path, tmp_path: Path) -> None:
    write("checkout/promptsource/templates/toy/notes/templates.yaml", PROMPTSOURCE)
    summary = import_promptsource(tmp_path / "checkout", home / "catalog")
    assert (summary["files"], summary["templates"], summary["refused"]) == (1, 2, 0)
    attached = templates_of(
        dataset({"promptsource": "toy/notes"}, {"name": "own", "prompt": "{{ text }}", "completion": "y"})
    )
    originals = read_promptsource(tmp_path / "checkout")[0].templates
    assert [t.name for t in attached] == ["good", "write", "own"]
    row = Row("train", 0, {"text": "A ||| b", "label": 1})
    for imported, original in zip(attached, originals, strict=False):
        assert compile_template(imported).apply(row) == compile_template(original).apply(row)
        assert (imported.original_task, imported.metrics, imported.languages) == (
            original.original_task,
            original.metrics,
            original.languages,
        )
    (only,) = templates_of(dataset({"promptsource": "toy/notes", "only": ["write"]}))
    assert only.name == "write"


def test_a_template_that_does_not_compile_is_counted_at_import(write: Write, home: Path, tmp_path: Path) -> None:
    write("templates/toy/templates.yaml", PROMPTSOURCE.replace("{{text}} Good?", "{{text"))
    summary = import_promptsource(tmp_path / "templates", home / "catalog")
    assert (summary["templates"], summary["refused"]) == (1, 1)
    assert "template 'good'" in summary["why"]


def test_an_archive_is_read_and_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "promptsource-9.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("promptsource-9/promptsource/templates/toy/templates.yaml", "promptsource-9/setup.py"):
            text = PROMPTSOURCE.encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("promptsource-9/promptsource/templates/evil/templates.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (file,) = read_promptsource(path)
    assert file.name == "toy/notes"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("place", ["pypi:promptsource", "pypi:other==1", "nowhere", "."])
def test_a_place_without_templates_is_told(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserMistake):
        read_promptsource(place)


def test_a_dataset_cannot_be_stored_outside_the_catalog(write: Write, home: Path, tmp_path: Path) -> None:
    write("templates/toy/templates.yaml", PROMPTSOURCE.replace("dataset: toy", "dataset: ../../toy"))
    with pytest.raises(TemplateMistake, match="no name of a dataset"):
        import_promptsource(tmp_path / "templates", home / "catalog")
    assert not list(tmp_path.rglob("notes.yaml"))
