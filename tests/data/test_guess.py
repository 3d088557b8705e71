"""What a file of rows probably is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.data.guess import guess_file
from unseen.errors import DataMistake

Write = Callable[[str, str], Path]
ROWS = "".join(f'"It rained on day {n}, and then some.",{["wet", "dry"][n % 2]},{n}\n' for n in range(12))


def test_text_label_and_its_words(write: Write) -> None:
    guess = guess_file(write("a.csv", "note,weather,day\n" + ROWS))
    assert (guess.text, guess.label, guess.labels["weather"]) == ("note", "weather", ("dry", "wet"))
    assert (guess.options, guess.notes, guess.columns) == ({}, (), ("note", "weather", "day"))


def test_numbers_as_labels_are_in_their_order(write: Write) -> None:
    rows = "".join(f'{{"text": "a b c", "stars": {n}}}\n' for n in (10, 9, 1, 1, 9, 10))
    assert guess_file(write("a.jsonl", rows)).labels == {"stars": (1, 9, 10)}


@pytest.mark.parametrize(("delimiter", "ending"), [(";", "csv"), ("|", "csv"), ("\t", "csv"), (",", "tsv")])
def test_another_delimiter_is_found(write: Write, delimiter: str, ending: str) -> None:
    guess = guess_file(write(f"a.{ending}", f"text{delimiter}label\n" + f"some words{delimiter}x\n" * 4))
    assert guess.options == {"delimiter": delimiter} and guess.columns == ("text", "label")


def test_a_file_without_a_header_gets_names(write: Write) -> None:
    guess = guess_file(write("a.csv", ROWS))
    assert guess.options == {"header": False, "columns": ["column_1", "column_2", "column_3"]}
    assert len(guess.records) == 12 and "first line looks like a record" in guess.notes[0]


def test_columns_of_one_name_are_told_apart(write: Write) -> None:
    guess = guess_file(write("a.csv", "text,text,\na b,c,d\n"))
    assert guess.columns == ("text", "text_2", "column_3") and "one name" in guess.notes[0]


def test_an_encoding_that_reads_every_byte_is_found_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,y\ncafé au lait,x\n".encode("cp1252"))
    guess = guess_file(tmp_path / "a.csv")
    assert guess.options == {"encoding": "cp1252"} and guess.records[0]["text"] == "café au lait"
    (tmp_path / "a.csv").write_bytes("text,y\ncafé,x\n".encode("utf-16"))
    assert guess_file(tmp_path / "a.csv").options == {}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.docx", b"x", "its ending"),
        ("a.csv", b"", "no records"),
        ("a.csv", b"a,b\n", "no records"),
        ("a.csv", bytes(range(256)) * 9, "NUL bytes"),
        ("a.csv", b"\x89PNG\x01\x02\x03\x04\x05\x06" * 9, "no text has"),
        ("a.jsonl", b"not json\n", "line 1"),
        ("a.parquet", b"PAR1", "not parquet"),
        ("a.xml", b"<a><b>", "a.xml"),
    ],
)
def test_what_is_no_file_of_rows_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataMistake) as raised:
        guess_file(tmp_path / name)
    assert told in str(raised.value) and "\n" not in str(raised.value)
