"""The form of a recipe: a section for each of recipe.py, help below every value, and the YAML beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from unseen.reporting.markup import Markup, tag
from unseen.studio.draft import Draft
from unseen.studio.frame import choice, joined_lines, note
from unseen.studio.recipe_keys import Key, recipe_keys, section_help

OPEN = ("", "hold_out")  # sections that are open from the start
MOST_ROWS = 14  # of the text that are seen at once


def form_of(draft: Draft, facts: Markup, deeds: Markup, plan: Markup | None) -> Markup:
    """The whole form; `deeds` are its buttons, `facts` and `plan` what is known of the recipe."""
    text = tag(
        "textarea",
        draft.text if not draft.text.startswith("\n") else f"\n{draft.text}",
        name="text",
        id="yaml",
        rows=min(max(draft.text.count("\n") + 4, 10), MOST_ROWS),
        spellcheck="false",
        aria_describedby="wrong-text",
    )
    beside = tag(
        "div",
        tag("label", tag("h2", "The recipe as YAML"), text, class_="yaml"),
        tag("div", pointed(draft), facts, id="facts"),
        deeds,
        tag("div", plan, id="plan"),
        class_="beside",
    )
    before = tag("textarea", f"\n{draft.text}", name="before", hidden=True, aria_hidden="true", id="before")
    sections = tag("div", *_sections(draft), class_="keys")
    return tag(
        "form", before, tag("div", sections, beside, class_="recipe"), action="/start", method="post", id="recipe"
    )


def pointed(draft: Draft) -> Markup:
    """Everything that is wrong with the recipe, each mistake with the way to its key."""
    if not draft.wrong:
        return note("good", tag("p", "The recipe is sound."))
    return note("wrong", *(_line(key, line) for key, lines in draft.wrong.items() for line in lines))


def _line(key: str, line: str) -> Markup:
    return tag("p", tag("a", line, href=f"#at-{key}") if key else line)


def _sections(draft: Draft) -> list[Markup]:
    fields, parts = draft.fields, []
    for section, group in groupby(_in_sections(), key=lambda key: key.section):
        parts.append(_section(section, list(group), fields, draft.wrong))
    return parts


def _in_sections() -> Sequence[Key]:
    """The keys, those of a section together: recipe.py has keys of the top between sections."""
    sections = list(section_help())
    return sorted(recipe_keys().values(), key=lambda key: sections.index(key.section))


def _section(
    section: str, keys: Sequence[Key], fields: Mapping[str, str], wrong: Mapping[str, tuple[str, ...]]
) -> Markup:
    given = sum(bool(fields[key.path]) for key in keys)
    faulty = section in wrong or any(key.path in wrong for key in keys)
    about = tag("small", section_help()[section]) if section else None
    head = tag("summary", tag("b", section or "The recipe"), " ", tag("small", f"{given} given", class_="faint given"))
    lines = tag("div", joined_lines(wrong.get(section, ())) if section else None, class_="said", data_wrong=section)
    controls = [_field(key, fields[key.path], wrong.get(key.path, ())) for key in keys]
    return tag(
        "details",
        head,
        about,
        lines if section else None,
        *controls,
        open=section in OPEN or faulty,
        class_="card",
        id=f"at-{section}" if section else None,
    )


def _field(key: Key, value: str, wrong: tuple[str, ...]) -> Markup:
    told = tag("span", joined_lines(wrong), class_="said", data_wrong=key.path, id=f"wrong-{key.path}")
    default = f" Default: {key.default}." if key.default and key.kind != "choice" else ""
    help = tag("small", f"{key.help[:1].upper()}{key.help[1:]}.{default}")
    return tag(
        "label",
        tag("span", key.name),
        _control(key, value, bool(wrong)),
        help,
        told,
        class_="field bad" if wrong else "field",
        id=f"at-{key.path}",
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
