"""XML: one element a record, nothing outside the file, no entities."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.data.xmlfile import read_xml
from unseen.errors import DataMistake

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"> <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
 <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<rows><row><text>&c;</text></row></rows>"""


def saved(folder: Path, text: str | bytes) -> Path:
    path = folder / "x.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_attributes_and_children_are_columns(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        '<?xml version="1.0"?><!DOCTYPE c SYSTEM "c.dtd"><c v="1">\n'
        '<item id="1" asks-for="cause"><p> My &amp; your. </p><a1>x</a1></item>\n'
        '<item id="2" asks-for="effect"><p/><a1>y</a1></item></c>',
    )
    assert list(read_xml(path, {})) == [
        {"id": "1", "asks-for": "cause", "p": "My & your.", "a1": "x"},
        {"id": "2", "asks-for": "effect", "p": "", "a1": "y"},
    ]


def test_repeated_and_nested_children(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        '<d xmlns="urn:x"><s><q id="1" n="7"><n>8</n><o>a</o><o>b</o><m lang="is">þú</m></q><q>plain</q></s></d>',
    )
    assert list(read_xml(path, {"record": "q"})) == [
        {"id": "1", "@n": "7", "n": "8", "o": ["a", "b"], "m": {"lang": "is", "#text": "þú"}},
        {"q": "plain"},
    ]


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMistake, match="declares the entity 'a'"):
        list(read_xml(saved(tmp_path, BOMB), {}))


def test_a_file_of_the_machine_cannot_be_drawn_in(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    text = f'<!DOCTYPE r [<!ENTITY s SYSTEM "{secret.as_uri()}">]><r><row><t>&s;</t></row></r>'
    with pytest.raises(DataMistake, match="declares the entity"):
        list(read_xml(saved(tmp_path, text), {}))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<r>\n<row><a>1</a></row>\n<row><a>2</row>\n</r>", "line 3: is not XML"),
        ("<r>\n<row><a>1</a></row>\n", "line 3: is not XML"),
        (b"<r><row><a>\xff</a></row></r>", "line 1: is not XML"),
        ("", "is not XML"),
        ("<r>" * 500, "deep"),
    ],
)
def test_a_broken_file_names_its_line(tmp_path: Path, text: str | bytes, what: str) -> None:
    with pytest.raises(DataMistake, match=what):
        list(read_xml(saved(tmp_path, text), {}))
