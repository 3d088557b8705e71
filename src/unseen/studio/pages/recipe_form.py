"""The form of a recipe: a section for each of recipe.py, help below every value, and the YAML beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.studio.draft import Draft
from unseen.studio.frame import choice, joined_lines, note
from unseen.studio.recipe_keys import Key, recipe_keys, section_help
from unseen.studio.turned import MEANS

FIRST = (  # keys that most people need, before all others
    "name",
    "model",
    "catalogs",
    "seen",
    "unseen",
    "hold_out.level",
    "train.epochs",
    "train.steps",
    "train.examples_per_step",
    "templates.turned",
    "evaluate.rows",
    "evaluate.seen_rows",
    "evaluate.shots",
)
CALLED = {  # what the first keys are called by somebody who does not know them yet
    "name": "Name",
    "model": "Model",
    "catalogs": "Catalogs",
    "seen": "Tuned on",
    "unseen": "Held out, only asked",
    "hold_out.level": "What is claimed of the hold-out",
    "train.epochs": "Epochs",
    "train.steps": "Steps",
    "train.examples_per_step": "Examples in a step",
    "templates.turned": "Turned-around templates",
    "evaluate.rows": "Rows asked of each held-out task",
    "evaluate.seen_rows": "Rows asked of each task tuned on",
    "evaluate.shots": "Exemplars in a question",
}
TOLD = {  # help in other words than the command line's
    "seen": "One a line: a whole name (nli/fact_follows), or a glob (nli/* is the whole cluster nli, * is everything). "
    "With ! before it, it is taken away again. list:NAME are the datasets that have NAME under lists",
    "templates.turned": f"Tune on turned-around templates of seen tasks too: {MEANS}",
}
ADDED_TO = ("seen", "unseen")  # keys whose lines are names of datasets
MOST_ROWS, WIDE = 40, 72  # lines of the text that are seen at once; characters of one, roughly


def form_of(draft: Draft, facts: Markup, deeds: Markup, plan: Markup | None = None) -> Markup:
    """The whole form; `deeds` are its buttons, `facts` what is known of the recipe. The `plan` stands above all, where
    it is seen whole however far down its button is."""
    text = tag(
        "textarea",
        draft.text if not draft.text.startswith("\n") else f"\n{draft.text}",
        name="text",
        id="yaml",
        rows=min(max(sum(1 + len(line) // WIDE for line in draft.text.split("\n")) + 1, 10), MOST_ROWS),
        spellcheck="false",
        aria_describedby="wrong-text",
    )
    beside = tag(
        "div",
        tag("div", facts, id="facts"),
        deeds,
        tag("label", tag("h2", "The recipe as YAML"), text, class_="yaml"),
        class_="beside",
    )
    before = tag("textarea", f"\n{draft.text}", name="before", hidden=True, aria_hidden="true", id="before")
    sections = tag("div", *_sections(draft), class_="keys")
    found = tag("div", plan, id="plan", tabindex="-1", role="region", aria_label="What it would do")
    both = tag("div", sections, beside, class_="recipe")
    return tag("form", before, _entered(), found, both, action="/start", method="post", id="recipe")


def _entered() -> Markup:
    """What the Enter key presses in a field: the first button of the form, which must not be the one that starts it."""
    return tag("button", "Enter", name="do", value="plan", class_="unshown", tabindex="-1", aria_hidden="true")


def pointed(draft: Draft) -> Markup:
    """Everything that is wrong with the recipe, each mistake with the way to its key."""
    return note("wrong", *(_line(key, line) for key, lines in draft.wrong.items() for line in lines))


def _line(key: str, line: str) -> Markup:
    return tag("p", tag("a", line, href=f"#at-{key}") if key else line)


def _sections(draft: Draft) -> list[Markup]:
    fields = draft.fields
    parts = [_first(fields, draft.wrong)]
    for section, group in groupby(_in_sections(), key=lambda key: key.section):
        parts.append(_section(section, list(group), fields, draft.wrong))
    return parts


def _in_sections() -> Sequence[Key]:
    """The keys that do not stand first, those of a section together: recipe.py has keys of the top between sections."""
    sections = list(section_help())
    keys = (key for path, key in recipe_keys().items() if path not in FIRST)
    return sorted(keys, key=lambda key: sections.index(key.section))


def _first(fields: Mapping[str, str], wrong: Mapping[str, tuple[str, ...]]) -> Markup:
    """What most people need, in words and by whole paths: keys of several sections stand together here."""
    keys = [recipe_keys()[path] for path in FIRST]
    names = [joined(CALLED[key.path], " ", tag("code", key.path)) for key in keys]
    controls = [
        _field(key, name, fields[key.path], wrong.get(key.path, ())) for key, name in zip(keys, names, strict=True)
    ]
    return tag("details", _head("The recipe", keys, fields), *controls, open=True, class_="card")


def _head(name: str, keys: Sequence[Key], fields: Mapping[str, str]) -> Markup:
    given = sum(bool(fields[key.path]) for key in keys)
    return tag("summary", tag("b", name), " ", tag("small", f"{given} given", class_="faint given"))


def _section(
    section: str, keys: Sequence[Key], fields: Mapping[str, str], wrong: Mapping[str, tuple[str, ...]]
) -> Markup:
    faulty = bool(section and section in wrong) or any(key.path in wrong for key in keys)
    about = tag("small", section_help()[section]) if section else None
    lines = tag("div", joined_lines(wrong.get(section, ())) if section else None, class_="said", data_wrong=section)
    controls = [_field(key, key.name, fields[key.path], wrong.get(key.path, ())) for key in keys]
    return tag(
        "details",
        _head(section or "More of the recipe", keys, fields),
        about,
        lines if section else None,
        *controls,
        open=faulty,
        class_="card",
        id=f"at-{section}" if section else None,
    )


def _field(key: Key, name: Child, value: str, wrong: tuple[str, ...]) -> Markup:
    told = tag("span", joined_lines(wrong), class_="said", data_wrong=key.path, id=f"wrong-{key.path}")
    default = f" Default: {key.default}." if key.default and key.kind != "choice" else ""
    said = TOLD.get(key.path) or key.help[:1].upper() + key.help[1:]
    help = tag("small", f"{said}.{default}")
    label = tag(
        "label",
        tag("span", name),
        _control(key, value, bool(wrong)),
        help,
        told,
        class_="field bad" if wrong else "field",
        id=f"at-{key.path}",
    )
    return joined(label, _adder(key)) if key.path in ADDED_TO else label


def _adder(key: Key) -> Markup:
    """A chooser of the datasets there are, for the script: what is chosen becomes a line of the key."""
    about = f"Add a dataset to {key.path}"
    chooser = tag("input", list="datasets", placeholder="add a dataset: type a part of its name", aria_label=about)
    return tag(
        "div", chooser, tag("button", "Add", type="button"), data_adds=f"k.{key.path}", class_="adder", hidden=True
    )


def _control(key: Key, value: str, wrong: bool) -> Markup:
    about = {"aria_describedby": f"wrong-{key.path}", "aria_invalid": "true" if wrong else None}
    name = f"k.{key.path}"
    if key.kind == "choice":
        options = [("", f"default: {key.default or 'none'}"), *((each, each) for each in key.options)]
        if value and value not in key.options:
            options.append((value, value))
        return choice(name, options, value, **about)
    if key.kind in ("list", "block"):
        rows = min(max(value.count("\n") + 1, 1 if key.kind == "list" else 2), 8)
        return tag("textarea", f"\n{value}", name=name, rows=rows, spellcheck="false", **about)
    return tag("input", name=name, value=value, placeholder=key.default, autocomplete="off", **about)
