"""FLAN's pattern files: read as data, never run; their patterns as templates of a dataset of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unseen.data.dataset import Dataset, Labels, Row
from unseen.data.places import user_catalog
from unseen.errors import Mistakes, TemplateMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.flan import import_flan
from unseen.prompt.template import Template
from unseen.prompt.templates import templates_of
from unseen.task.variants import tasks_of

WEATHER = r'''
"""Patterns as FLAN writes them, with code around them that must not run."""
import os
open(os.environ["UNSEEN_MARK"], "w").write("ran")

PATTERNS = {
    "rain": [
        ("{sky}\n\nWill it rain?\n\n{options_}", "{answer}"),
        ("Sky: {sky}n\nRain, or {much} of it?\n{options_}", "{answer}"),
        ("{sky}\nSay what comes of it.", "{answer}"),
        ("Guess.\n{options_}", "{answer}"),
        ("Describe a sky after which the answer is \"{answer}\".", "{sky}"),
    ],
    "odd": [("{none} and {sky}", "{answer}"), ("{not}", "{answer}"), ("{sky}", "{answer}")],
    "braces": (
        ("{{ {sky} }} and {% raw %} and {# none #} \"{a b}\"", "{cloud}"),
    ),
}
raise SystemExit(os.remove(os.environ["UNSEEN_MARK"]))
'''
PLAIN = 'PATTERNS = {"rain": [("{sky}\\nRain? answer:", "{glm_answer}"), ("{glm_answer}\\nsky:", "{sky}")]}'
RAIN = Dataset("rain_notes", "weather", {}, ("rain_notes",), labels=Labels("wet", ("dry", "wet")))
ROW = Row("test", 0, {"sky": "Grey.", "wet": 1, "much": "none"})


@pytest.fixture
def checkout(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "FLAN" / "flan"
    folder.mkdir(parents=True)
    (folder / "templates.py").write_text(WEATHER)
    (folder / "baseline_templates.py").write_text(PLAIN)
    monkeypatch.setenv("UNSEEN_MARK", str(tmp_path / "mark"))
    return folder.parent


def attached(entry: object, dataset: Dataset = RAIN) -> dict[str, Template]:
    return {each.name: each for each in templates_of(replace(dataset, templates=(entry,)))}  # type: ignore[arg-type]


def said(template: Template, row: Row = ROW) -> tuple[str, str, tuple[str, ...] | None]:
    rendered = compile_template(template).render(row)
    assert rendered is not None
    return rendered.prompt, rendered.completion, rendered.choices


def test_the_code_of_a_pattern_file_never_runs(checkout: Path, tmp_path: Path) -> None:
    counts = import_flan(checkout, user_catalog())
    assert not (tmp_path / "mark").exists()
    kinds = ("files", "datasets", "templates", "turned", "not_original", "plain", "plain_turned", "refused")
    assert [counts[kind] for kind in kinds] == [2, 4, 5, 1, 1, 1, 1, 2]
    assert "'none'" in counts["why"]


def test_options_are_written_as_flan_writes_them_and_typos_stay(checkout: Path) -> None:
    import_flan(checkout, user_catalog())
    templates = attached({"flan": "rain"})
    suffix = "OPTIONS:\n- dry\n- wet"
    assert said(templates["flan_rain_1"]) == (f"Grey.\n\nWill it rain?\n\n{suffix}", "wet", ("dry", "wet"))
    assert said(templates["flan_rain_2"])[0] == f"Sky: Grey.n\nRain, or none of it?\n{suffix}"
    assert said(templates["flan_rain_3"]) == ("Grey.\nSay what comes of it.", "wet", ("dry", "wet"))
    assert templates["flan_rain_1"].choices_in_prompt and templates["flan_rain_3"].choices_in_prompt is None


def test_turned_patterns_other_tasks_and_plain_prompts_are_told_apart(checkout: Path) -> None:
    import_flan(checkout, user_catalog())
    asked, generated, turned = tasks_of(RAIN, tuple(attached({"flan": "rain"}).values()))
    assert [each.name for each in asked.templates] == ["flan_rain_1", "flan_rain_2", "flan_rain_3"]
    assert [each.name for each in asked.plain] == ["flan_rain_plain_1"] and asked.kind == "choose"
    assert said(asked.plain[0]) == ("Grey.\nRain? answer:", "wet", ("dry", "wet"))
    assert generated.kind == "generate" and [each.name for each in turned.templates] == ["flan_rain_4", "flan_rain_5"]
    prompt, completion, _ = said(turned.templates[1])
    assert (prompt, completion) == ('Describe a sky after which the answer is "wet".', "Grey.")


def test_without_labels_the_columns_of_flan_are_read_and_an_entry_may_say_otherwise(checkout: Path) -> None:
    import_flan(checkout, user_catalog())
    bare = replace(RAIN, labels=None)
    row = Row("test", 0, {"sky": "Blue.", "options": ["no", "yes"], "answer": "no"})
    assert said(attached({"flan": "rain"}, bare)["flan_rain_1"], row)[1:] == ("no", ("no", "yes"))
    entry = {"flan": "rain", "only": ["flan_rain_1", "flan_rain_5"], "answer_choices": ["nein", "ja"],
             "fields": {"answer": "{{ answer_choices[wet] }}"}}  # fmt: skip
    one, turned = attached(entry, bare).values()
    assert said(one)[1:] == ("ja", ("nein", "ja"))
    assert said(turned)[:2] == ('Describe a sky after which the answer is "ja".', "Grey.")


def test_braces_that_are_no_field_stay_as_they_are(checkout: Path) -> None:
    import_flan(checkout, user_catalog())
    row = Row("test", 0, {"sky": "S", "cloud": "C"})
    template = attached({"flan": "braces"}, replace(RAIN, labels=None))["flan_braces_1"]
    assert said(template, row)[0] == '{{ S }} and {% raw %} and {# none #} "{a b}"'


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ({"flan": "rane"}, "did you mean 'rain'"),
        ({"flan": "rain", "only": ["flan_rain_9"]}, "did you mean 'flan_rain_"),
        ({"flan": "rain", "fields": {"skye": "x"}}, "did you mean 'sky'"),
        ({"flan": "rain", "onely": []}, "unknown key 'onely'"),
    ],
)
def test_a_slip_in_an_entry_is_answered_with_the_nearest(checkout: Path, entry: object, remedy: str) -> None:
    import_flan(checkout, user_catalog())
    with pytest.raises(TemplateMistake, match=remedy):
        attached(entry)


def test_before_any_import_the_command_is_named(home: Path) -> None:
    with pytest.raises(TemplateMistake, match="run: unseen import flan"):
        attached({"flan": "rain"})


def test_all_faults_of_a_file_are_told_at_once_with_their_lines(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "templates.py"
    file.write_text(
        "PATTERNS = {\n'a': [('{x}', '{y}', 'z')],\n'b': [('{x}' + '', '{y}')],\n'c': make(),\n'd': [],\n"
        "**more,\n'e': [('', '{y}'), ('{}', '{y}')],\n'e': [(f'{x}', '{y}')],\n7: [('x', 'y')],\n}\nPATTERNS = {}\n"
    )
    with pytest.raises(Mistakes) as told:
        import_flan(file, user_catalog())
    assert [line.partition("line ")[2].partition(":")[0] for line in told.value.lines] == [
        "11", "2, 'a'", "3, 'b'", "4, 'c'", "5, 'd'", "6", "7, 'e'", "7, 'e'", "8", "8, 'e'", "9"
    ]  # fmt: skip
    assert not list(user_catalog().rglob("*.yaml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PATTERNS = [\n", "line 1: is not Python"),
        ("OTHER = {}", "assigns no PATTERNS"),
        ("PATTERNS = dict(a=1)", "line 1: PATTERNS is no literal dictionary"),
        ("PATTERNS = " + "(" * 5000 + ")" * 5000, "is not Python"),
        ("PATTERNS = {'a': [('x\0', 'y')]}", "is not Python"),
    ],
)
def test_a_file_that_is_no_pattern_file_says_why(home: Path, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "templates.py").write_text(text)
    with pytest.raises(TemplateMistake, match=told):
        import_flan(tmp_path, user_catalog())


def test_the_usual_direction_of_a_translation_is_the_more_frequent_one(home: Path, tmp_path: Path) -> None:
    """As in FLAN's sets of translation patterns: back, out of nothing, and which language it is."""
    (tmp_path / "templates.py").write_text(
        "PATTERNS = {'t': [('Into {there}: {one}', '{two}'), ('Into {here}: {two}', '{one}'),"
        " ('{one} in {there}?', '{two}'), ('Write a sentence, not in {here}.', '{two}'), ('{two} is?', '{there}')]}"
    )
    import_flan(tmp_path / "templates.py", user_catalog())
    templates = attached({"flan": "t"}, replace(RAIN, labels=None)).values()
    assert [(each.turned, each.original_task) for each in templates] == [
        (False, True), (True, True), (False, True), (False, False), (True, True)
    ]  # fmt: skip
