"""A dataset of one's own, from a file that is dropped on the page or whose path is typed."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from playwright.sync_api import expect

from tests.studio.conftest import TOKEN, Answer, Studio
from unseen.data.description import load_description
from unseen.data.rows import read_rows

ROWS = "Review Text,sentiment,id\n" + "".join(
    f'"The soup was fine, I said; number {n}.",{["pos", "neg"][n % 2]},{n}\n' for n in range(20)
)
FORM = {
    "dataset": "soups",
    "cluster": "food",
    "licence": "CC0-1.0",
    "language": "en",
    "origin": "soups",
    "encoding": "",
    "split": "dealt",
    "label": "sentiment",
    "words": "bad\ngood",
    "copy": "on",
    "column.0": "text",
    "column.1": "label",
    "column.2": "id",
}


def drop(studio: Studio, name: str, content: bytes) -> Answer:
    edge = "--edge--edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    headers = {
        "Cookie": f"unseen_studio_{studio.port}={TOKEN}",
        "Origin": studio.url[:-1],
        "Content-Type": f"multipart/form-data; boundary={edge}",
    }
    return studio.raw("POST", "/new/file", head.encode() + content + f"\r\n--{edge}--\r\n".encode(), headers)


@pytest.fixture
def soups(tmp_path: Path) -> Path:
    file = tmp_path / "My Soups.csv"
    file.write_text(ROWS)
    return file


def test_a_dropped_file_becomes_a_dataset_with_a_template(studio: Studio, home: Path) -> None:
    there = drop(studio, "My Soups.csv", ROWS.encode()).headers["location"]
    assert "named=My+Soups.csv" in there
    shown = studio.ask(there).text
    assert "The soup was fine" in shown and 'value="Review_Text"' in shown and "neg\npos</textarea>" in shown
    file = there.split("file=")[1].split("&")[0]
    answer = studio.ask("/new/save", {**FORM, "file": file, "called": "my_soups"})
    assert answer.status == 303 and "task=food%2Fsoups" in answer.headers["location"]
    dataset = load_description(home / "catalog" / "soups.yaml")
    rows = list(read_rows(dataset, "test"))
    assert [row.index for row in rows] == [4, 9, 14, 19] and rows[1].values["label"] == 0
    assert dataset.labels and dataset.labels.words == ("bad", "good") and dataset.licence == "CC0-1.0"
    assert Path(dataset.splits["test"].path).read_text() == ROWS and not list(home.glob("cache/dropped/*"))
    assert "Which of these fits: bad, good?" in studio.ask(answer.headers["location"]).text


def test_a_typed_path_may_be_read_where_it_lies(studio: Studio, home: Path, soups: Path) -> None:
    form = {key: value for key, value in FORM.items() if key != "copy"}
    assert studio.ask("/new/save", {**form, "path": str(soups)}).status == 303
    held = yaml.safe_load((home / "catalog" / "soups.yaml").read_text())
    assert held["source"]["files"]["train"]["path"] == str(soups) and not (home / "catalog" / "rows").exists()


def test_a_new_dataset_is_undone_like_any_step(studio: Studio, home: Path, soups: Path) -> None:
    studio.ask("/new/save", {**FORM, "path": str(soups)})
    assert studio.ask("/templates/undo", {"task": "food/soups"}).status == 303
    assert not (home / "catalog" / "soups.yaml").exists() and studio.ask("/templates").status == 200


def test_columns_without_names_are_called_as_usual(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("".join(f"some words {n} of it,{n % 2}\n" for n in range(9)))
    shown = studio.ask("/new?" + urlencode({"path": str(tmp_path / "a.csv")})).text
    assert 'name="column.0" value="text"' in shown and 'name="column.1" value="label"' in shown


def test_too_few_rows_to_deal_out_are_told(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\na b\nc d\n")
    form = {**FORM, "path": str(tmp_path / "a.csv"), "label": "", "column.1": "", "column.2": ""}
    assert "2 rows are too few to deal out" in studio.ask("/new/save", form).text
    assert studio.ask("/new/save", {**form, "split": "train"}).status == 303


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"dataset": "../../etc/evil"}, "; try etc_evil"),
        ({"dataset": ".."}, "; try my_reviews"),
        ({"dataset": "my reviews!"}, "Name: may hold letters (a to z, A to Z), digits and _ . + -, and"),
        ({"dataset": "my reviews!"}, "; try my_reviews"),
        ({"dataset": "film_notes"}, "there is a dataset 'film_notes' already; try film_notes_2"),
        ({"cluster": "a/b"}, "; try a_b"),
        ({"words": "bad"}, "1 words for the 2 labels neg, pos"),
        ({"encoding": "klingon"}, "no encoding is called 'klingon'"),
        ({"dataset": "x" * 400}, "Name: must be shorter"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_is_kept(
    studio: Studio, home: Path, soups: Path, changed: dict[str, str], told: str
) -> None:
    answer = studio.ask("/new/save", {**FORM, "path": str(soups), **changed})
    assert answer.status == 422 and told in answer.text.replace("&#x27;", "'") and 'value="CC0-1.0"' in answer.text
    assert not list(home.glob("catalog/*.yaml"))


@pytest.mark.parametrize(("typed", "offered"), [("gadget reviews", "gadget_reviews"), ("film_notes", "film_notes_2")])
def test_a_name_that_cannot_be_is_told_once_by_its_label_and_a_better_one_is_a_click_away(
    studio: Studio, soups: Path, typed: str, offered: str
) -> None:
    form = {**FORM, "path": str(soups), "dataset": typed}
    text = studio.ask("/new/save", form).text
    told = "may hold letters" if " " in typed else "already"
    assert text.count(told) == 1 and "the form" not in text and text.count('role="alert"') == 1
    assert f'name="take" value="{offered}"' in text
    text = studio.ask("/new", {**form, "take": offered}).text
    assert f'name="dataset" value="{offered}"' in text and 'role="alert"' not in text
    assert studio.ask("/new/save", {**form, "dataset": offered}).status == 303


def origin_shown(studio: Studio, address: str) -> str:
    found = re.search(r'name="origin" value="([^"]*)"', studio.ask(address).text)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("My Soups.csv", "my_soups"),
        ("C:\\Users\\ada\\soups.csv", "soups"),
        ("/home/ada/soups.csv", "soups"),
        ("soups-1a2b3c4d.csv", "soups"),  # a copy out of a catalog
        ("train (2).csv", ""),
        ("rows.csv", ""),
    ],
)
def test_the_origin_is_the_files_name_without_its_folder_and_none_that_any_file_has(
    studio: Studio, name: str, origin: str
) -> None:
    assert origin_shown(studio, drop(studio, name, ROWS.encode()).headers["location"]) == origin


@pytest.mark.parametrize(
    ("typed", "held"), [("imdb, yelp", ["imdb", "yelp"]), ("", ["soups"]), ("soup_bowls", ["soup_bowls"])]
)
def test_the_origin_is_what_is_typed_and_else_the_datasets_own_name(
    studio: Studio, home: Path, soups: Path, typed: str, held: list[str]
) -> None:
    assert origin_shown(studio, "/new?" + urlencode({"path": str(soups)})) == "my_soups"
    assert studio.ask("/new/save", {**FORM, "path": str(soups), "origin": typed}).status == 303
    assert yaml.safe_load((home / "catalog" / "soups.yaml").read_text())["origin"] == held


@pytest.mark.parametrize(
    "path", ["relative.csv", "/no/such/file.csv", "/tmp", "/etc/passwd", "/dev/zero", "~no_one/x.csv"]
)
def test_paths_that_lead_to_no_rows_are_refused_in_one_line(studio: Studio, path: str) -> None:
    answer = studio.ask("/new?" + urlencode({"path": path}))
    assert answer.status == 422 and answer.text.count('class="note wrong"') == 1 and "Or the path" in answer.text


@pytest.mark.parametrize("name", ["../../evil.csv", "..\\..\\evil.csv", "/etc/evil.csv", "evil.csv/../../x"])
def test_the_name_of_a_dropped_file_leads_nowhere(studio: Studio, home: Path, name: str) -> None:
    there = drop(studio, name, ROWS.encode()).headers["location"]
    assert {each.parent for each in home.rglob("*") if each.is_file()} == {home / "cache" / "dropped"}
    assert "%2F" not in there and "evil.csv%" not in there
    assert studio.ask("/new?" + urlencode({"file": "../../../etc/passwd"})).status == 422


def test_html_in_a_file_stays_text(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"<b>x</b>": "<script>alert(1)</script>"}) + "\n")
    text = studio.ask("/new?" + urlencode({"path": str(tmp_path / "a.jsonl")})).text
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text and "<b>x" not in text


def test_a_long_file_is_looked_at_without_reading_it_all(studio: Studio, home: Path, tmp_path: Path) -> None:
    """Its last record is no JSON: whoever reads that far must say so."""
    file = tmp_path / "long.jsonl"
    line = json.dumps({"text": "some words of a row", "label": 1}) + "\n"
    file.write_text((line + line.replace("1}", "0}")) * 50_000 + "no json\n")
    text = studio.ask("/new?" + urlencode({"path": str(file)})).text
    assert "some words of a row" in text and "no json" not in text and not (home / "cache" / "rows").exists()
    answer = studio.ask("/new/save", {**FORM, "path": str(file), "label": "", "column.1": "y", "column.2": ""})
    assert answer.status == 422 and "line 100001" in answer.text


def test_from_a_file_to_a_template_in_the_browser(page: Any, studio: Studio, soups: Path) -> None:
    page.goto(studio.url + "templates")
    page.get_by_role("link", name="New dataset from a file").click()
    page.locator("input[type=file]").set_input_files(str(soups))
    page.get_by_role("button", name="Look at it").first.click()
    expect(page.locator("#preview")).to_contain_text("The soup was fine")
    page.get_by_label("Name", exact=False).first.fill("soups")
    page.get_by_label("Its words").fill("bad\ngood\nodd")
    expect(page.locator("#preview")).to_contain_text("3 words for the 2 labels neg, pos")
    page.get_by_label("Its words").fill("bad\ngood")
    expect(page.locator("#preview")).to_contain_text("1 (good)")
    page.get_by_role("button", name="Save the dataset").click()
    expect(page.locator("#shown")).to_contain_text("Which of these fits: bad, good?")
    expect(page.locator("#shown")).to_contain_text("No mistakes in 20 rows")


def test_what_is_typed_before_the_script_is_there_is_looked_at(page: Any, studio: Studio, soups: Path) -> None:
    held: list[Any] = []
    page.route("**/*.js*", lambda script: held.append(script))
    page.goto(f"{studio.url}new?path={soups}", wait_until="commit")
    page.get_by_label("Its words").fill("bad\ngood\nodd")
    assert held and "3 words" not in page.locator("#preview").text_content()
    for script in held:
        script.continue_()
    expect(page.locator("#preview")).to_contain_text("3 words for the 2 labels neg, pos")


def test_a_file_over_the_bound_is_told_before_it_is_sent(page: Any, studio: Studio, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(100 << 20)
    page.goto(studio.url + "new")
    page.locator("input[type=file]").set_input_files(str(large))
    page.get_by_role("button", name="Look at it").first.click()
    expect(page.get_by_role("alert")).to_contain_text("type its path below")


def test_a_mistake_in_a_dropped_file_names_the_file_and_not_its_copy(studio: Studio, home: Path) -> None:
    there = drop(studio, "empty rows.csv", b"a,b\n").headers["location"]
    text = studio.ask(there).text
    assert "empty rows.csv: holds no records" in text


@pytest.mark.parametrize("name", ["my rows (2).csv", "../../rows.csv", "größen.csv"])
def test_every_mistake_in_a_dropped_file_calls_it_what_its_user_calls_it(studio: Studio, home: Path, name: str) -> None:
    """Also one that is found only when its rows are read in another encoding."""
    there = drop(studio, name, (ROWS + "Größe,pos,99\n").encode()).headers["location"]
    file = there.split("file=")[1].split("&")[0]
    form = {**FORM, "file": file, "named": name.rpartition("/")[2], "encoding": "ascii"}
    for page in ("/new", "/new/save"):
        told = re.findall(r'class="note wrong".*?</div>', unescape(studio.ask(page, form).text))
        assert told and all(form["named"] in each and file not in each for each in told)


def test_a_typed_path_is_told_as_it_was_typed(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("a,b\n")
    text = studio.ask("/new?" + urlencode({"path": str(tmp_path / "none.csv")})).text
    assert "none.csv: holds no records" in text
