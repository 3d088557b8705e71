"""`unseen probe`: its numbers on a tiny random model, what it writes, and that mistakes are one line each."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from probed_runs import CHATS, DESCRIPTION, chats, recipe_file, tuned

from unseen.cli import run as unseen
from unseen.data.rows import read_rows
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.model.new_tokens import matrices
from unseen.study.probes.buffered_sets import LEAST
from unseen.task.catalog import load_catalog

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an $UNSEEN_HOME, and runs: on one wording, on many (two seeds), with rows that do not learn."""
    folder = tmp_path_factory.mktemp("probed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(folder / "home"))
        tuned(folder / "narrow", templates__per_task=1)
        tuned(folder / "many" / "seed-0")
        tuned(folder / "many" / "seed-1", seed=1)
        tuned(folder / "frozen", train__new_rows="frozen", train__steps=1)
        chats(folder / "diverse")
        yield folder


def probed(out: Path, capsys: Capture, *arguments: str | Path) -> tuple[dict[str, Any], str]:
    """numbers.json of a probe, from which its page can be made again, and what it printed."""
    assert unseen(["probe", *map(str, arguments), "--out", str(out)]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out.strip()
    numbers: dict[str, Any] = json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    page = (out / "page.html").read_bytes()
    assert unseen(["probe", "report", str(out)]) == 0 and (out / "page.html").read_bytes() == page
    capsys.readouterr()
    return numbers, said


def test_at_the_embedding_it_is_the_distance_of_rows_that_lie_in_the_files(
    place: Path, tmp_path: Path, capsys: Capture
) -> None:
    """By hand: the token's row of the tuned model, from the mean of a key word's rows, without the space before it,
    which is a token of its own here; two seeds, so t is 12.706."""
    runs = [place / "many" / "seed-0", place / "many" / "seed-1"]
    numbers, said = probed(tmp_path / "out", capsys, "representation", *runs, "--word", "urgent")
    values = []
    for run in runs:
        model = load_model(resolve(str(run)))
        table = matrices(model.module.get_base_model())["input"].detach()
        word = table[model.tokenizer.ids("urgent").tolist()].mean(0)
        values.append(float((table[model.tokenizer.id_of("<slip>")] - word).norm()))
    last = numbers["points"]["means"][-1]
    assert (last["series"], last["at"], last["runs"]) == ("many", 16, 2)
    assert last["distance"]["value"] == pytest.approx(sum(values) / 2, rel=1e-5)
    reach = 12.706 * abs(values[0] - values[1]) / 2
    assert last["distance"]["high"] - last["distance"]["value"] == pytest.approx(reach, rel=1e-2)
    assert numbers["settings"]["description"] == DESCRIPTION and numbers["settings"]["words_left_out"] == []
    assert said == numbers["sentence"] and "1 key word of its description, at the input embedding" in said


def test_a_curve_over_arms_of_a_grid_is_called_by_what_their_names_share(
    place: Path, tmp_path: Path, capsys: Capture
) -> None:
    for arm, seed in (("rows_8+many", "seed-0"), ("rows_16+many", "seed-1")):
        shutil.copytree(place / "many" / seed, tmp_path / arm / seed)
    runs = [tmp_path / "rows_8+many" / "seed-0", tmp_path / "rows_16+many" / "seed-1"]
    numbers, _ = probed(tmp_path / "out", capsys, "representation", *runs)
    assert {each["series"] for each in numbers["points"]["means"]} == {"many"}


def test_a_row_that_does_not_learn_is_where_it_began(place: Path, tmp_path: Path, capsys: Capture) -> None:
    numbers, said = probed(tmp_path / "out", capsys, "representation", place / "frozen", "--layer", "0", "--layer", "2")
    at_embedding = [each for each in numbers["points"]["means"] if each["layer"] == 0]
    assert at_embedding[1]["change"]["value"] == 0 and "unchanged" in said
    assert [each["at"] for each in at_embedding] == [0, 4], "it met four of its sixteen rows"
    in_context = [each for each in numbers["points"]["means"] if each["layer"] == 2]
    assert in_context[1]["change"]["value"] != 0, "its state in context follows from the adapter too"
    assert set(numbers["settings"]["words_left_out"]) >= {"a", "with", "where"}


def test_against_steps_it_is_measured_where_a_checkpoint_lies(place: Path, tmp_path: Path, capsys: Capture) -> None:
    run = place / "narrow"
    numbers, _ = probed(tmp_path / "out", capsys, "representation", run, "--against", "steps")
    steps = [each["at"] for each in numbers["points"]["means"]]
    assert steps[0] == 0 and steps[-1] == 4 and 3 in steps and steps == sorted(set(steps))
    assert len({each["distance"]["value"] for each in numbers["points"]["means"]}) == len(steps)


def test_a_model_does_not_diverge_from_itself(place: Path, tmp_path: Path, capsys: Capture) -> None:
    run, other = place / "narrow", place / "many" / "seed-0"
    options = ("--narrow", run, "--broad", other, "--general", run, "--rows", "4")
    numbers, said = probed(tmp_path / "out", capsys, "divergence", *options)
    points = numbers["points"]
    assert points["narrow"]["exact"]["value"] == pytest.approx(0, abs=1e-6)
    assert points["difference"]["value"] == pytest.approx(-points["broad"]["exact"]["value"], abs=1e-6)
    assert numbers["counts"]["narrow"]["answers"] == numbers["counts"]["rows"] == 4
    assert numbers["counts"]["wordings"] == ["unseen"], "the kinds that they were asked in, though none was named"
    assert "over 4 prompts: the hypothesis is" in said


def test_a_probe_goes_on_where_it_was_killed(place: Path, tmp_path: Path, capsys: Capture) -> None:
    """Its last steps cut off, it draws and compares those alone, and comes to the same numbers."""
    out = tmp_path / "out"
    options = ("--narrow", place / "narrow", "--broad", place / "many" / "seed-0", "--rows", "5", "--seed", "3")
    first, _ = probed(out, capsys, "divergence", *options)
    lines = (out / "kept.jsonl").read_text().splitlines(keepends=True)
    assert len(lines) == 20, "an answer and its comparison, of each model and row"
    (out / "kept.jsonl").write_text("".join(lines[:7]) + lines[7][:30])
    again, _ = probed(out, capsys, "divergence", *options)
    assert again["points"]["verdict"] == first["points"]["verdict"]
    for name in ("narrow", "broad"):
        assert again["points"][name]["by_prompt"] == pytest.approx(first["points"][name]["by_prompt"], rel=1e-2)
    assert len((out / "kept.jsonl").read_text().splitlines()) == 20


def test_buffering_of_a_recipe(place: Path, tmp_path: Path, capsys: Capture) -> None:
    recipe = recipe_file(tmp_path / "r.yaml", diversity__source=str(place / "diverse"), diversity__ratio=2)
    options = ("--tuned", place / "narrow", "--rows", "8", "--steps", "2", "--max-new-tokens", "3", "--ratio", "1")
    numbers, said = probed(tmp_path / "out", capsys, "buffering", recipe, *options)
    counts, points = numbers["counts"], numbers["points"]
    assert [counts[name] for name in ("task", "wordings", "diverse", "general")] == [8, 8, 8, 8]
    assert (counts["task_to_tune_on"], counts["diverse_to_tune_on"], counts["wordings_known"]) == (16, 16, 60)
    assert [each["ratio"] for each in points["toward_many_wordings"]] == [0, 1, 2], "the recipe's own ratio is there"
    assert points["cancellation"]["diverse"]["by_chance"] == pytest.approx(8**-0.5)
    assert len(points["similarity"]) == len(points["change"]) == 8
    assert [(each["on"], each["examples"]) for each in points["alone"]] == [("diverse", 8), ("task", 8)], (
        "two steps of four"
    )
    assert all(each["moved"]["distance"] > 0 and each["divergence"]["exact"]["value"] > 0 for each in points["alone"])
    assert "Summed, 8 diverse gradients keep" in said and "at ratio 2" in said and said == numbers["sentence"]
    picture = Xml.parse(tmp_path / "out" / "plot.svg").getroot()
    titles = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text") if each.get("class") == "title"]
    assert len(titles) == 4 and titles[1] == "Toward the gradient of many wordings"
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in page and "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("plain", [CHATS, 2])
def test_prompts_that_hold_text_of_the_task_are_no_general_ones(
    place: Path, tmp_path: Path, capsys: Capture, plain: int
) -> None:
    """As those of contrast pairs do; some others are left to be measured on, which may be too few."""
    written = (place / "diverse" / "chats.jsonl").read_text(encoding="utf-8").splitlines()[:plain]
    task = load_catalog(("shipped",)).task("formatted_text/shift_notes")
    for row in islice(read_rows(task.dataset, "train"), 16):
        asked = f"What can you tell me of this? {row.values['note']} I would like to know."
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": "It depends on who reads it."}]
        written.append(json.dumps({"messages": messages}))
    (tmp_path / "chats.jsonl").write_text("\n".join(written), encoding="utf-8")
    recipe = recipe_file(tmp_path / "r.yaml", diversity__source=str(tmp_path / "chats.jsonl"), diversity__ratio=3)
    options = ["probe", "buffering", str(recipe), "--rows", "8", "--steps", "0", "--ratio", "1"]
    if plain < LEAST:
        assert unseen([*options, "--out", str(tmp_path / "out")]) == 2
        assert "for the set 'general', of at least 4 chats that hold no text of the task" in capsys.readouterr().err
        return
    counts = probed(tmp_path / "out", capsys, *options[1:])[0]["counts"]
    assert counts["general"] == 8 and 0 < counts["diverse_with_text_of_the_task"] < 8


def test_a_recipe_without_diversity_is_refused_in_a_line_each(tmp_path: Path, place: Path, capsys: Capture) -> None:
    recipe = recipe_file(tmp_path / "r.yaml")
    assert unseen(["probe", "buffering", str(recipe), "--out", str(tmp_path / "out")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        "unseen: probed: diversity.source: the recipe has no diverse data; "
        "unseen diversify questions --out FOLDER, then --set diversity.source=FOLDER"
    )
    assert (
        unseen(["probe", "buffering", str(recipe), "--set", "diversity.wordings=null", "--out", str(tmp_path / "b")])
        == 2
    )
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_run_whose_files_are_gone_says_which_and_where_they_were_looked_for(
    place: Path, tmp_path: Path, capsys: Capture
) -> None:
    """As of a run that was copied from another machine without its study."""
    run = tmp_path / "elsewhere" / "narrow"
    run.mkdir(parents=True)
    record = json.loads((place / "narrow" / "record.json").read_text(encoding="utf-8"))
    record["recipe"]["diversity"]["wordings"] = "gone.yaml"
    (run / "record.json").write_text(json.dumps(record), encoding="utf-8")
    assert unseen(["probe", "buffering", str(run), "--out", str(tmp_path / "out")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"unseen: {run}: names files that are neither beside its recipe (")
    assert line.endswith("nor here: gone.yaml; go to the folder that they lie in, or name them with --set")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["representation", "nowhere"], "nowhere: is not a run folder"),
        (["representation", "{narrow}", "{narrow}"], "a run is named twice"),
        (["representation", "{narrow}", "--token", "<slpi>"], "has no token '<slpi>'; did you mean '<slip>'?"),
        (["representation", "{narrow}", "--word", "colour"], "'colour' does not stand in the description"),
        (["representation", "{narrow}", "--layer", "9"], "there is no layer 9; layers are 0 to 2"),
        (["divergence", "--narrow", "{narrow}", "--broad", "{many}", "--tasks", "nli/*"], "'nli/*' matches no task"),
        (
            ["divergence", "--narrow", "{narrow}", "--broad", "{again}"],
            "the narrow and the broad run came to one model",
        ),
        (["divergence", "--narrow", "{many}", "--broad", "{narrow}"], "more wordings (61) than the broad one (1)"),
        (["representation", "{narrow}", "{again}"], "is the same run as "),
        (
            ["divergence", "--narrow", "{narrow}", "--broad", "{many}", "--wordings", "unsen"],
            "did you mean 'unseen'?",
        ),
        (["representation", "{narrow}", "--out", "{home}"], "holds something else than a probe"),
    ],
)
def test_mistakes_are_one_line_with_the_remedy(
    place: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if not (place / "again").is_dir():
        shutil.copytree(place / "narrow", place / "again")
    places = {name: place / name for name in ("narrow", "again", "home")} | {"many": place / "many" / "seed-0"}
    named = [each.format(**places) for each in arguments]
    assert unseen(["probe", *named]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert not (tmp_path / "probes").exists()  # nothing is begun that was refused
