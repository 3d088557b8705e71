"""The page of a run: self-contained, escaped, honest about its numbers, and silent about rows when told to be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from page_runs import CHOICES, HOSTILE, LEAK, ROW, TASKS, answers, proof, record, write_run

from unseen.reporting.page import report

SCORE = re.compile(
    r'<span class="score"><b>[^<]+</b> <span class="interval">([^<]+)</span> <span class="count">([^<]+)</span>'
)


class Tags(HTMLParser):
    """Elements with their attributes, and whether every one that was opened was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", list(answers()))
    assert report([folder]) == folder / "report.html"
    return (folder / "report.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    """The page's text, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[1].split("<script>")[0]).split())


def test_the_page_is_well_formed_and_loads_nothing(page: str) -> None:
    tags = Tags(page)
    assert not tags.open
    assert not re.search(r"https?://|@import|url\(", page)
    for name, attributes in tags.found:
        assert name not in ("link", "iframe", "img", "object", "embed", "base")
        assert not {"src", "srcset", "action", "style"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for _, a in tags.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy and "default-src 'none'" in policy and "unsafe" not in policy


def test_links_within_the_page_lead_somewhere_and_ids_are_single(page: str) -> None:
    tags = Tags(page).found
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = {(attributes["href"] or "")[1:] for _, attributes in tags if "href" in attributes}
    assert len(ids) == len(set(ids)) and links <= set(ids)


def test_every_score_has_its_interval_and_its_rows(page: str) -> None:
    found = SCORE.findall(page)
    assert len(found) == page.count('class="score"') > 50
    for interval, count in found:
        assert re.fullmatch(r"\[[+−]?\d+\.\d, [+−]?\d+\.\d\]", interval)
        assert re.fullmatch(r"\d+ rows", count)


def test_the_verdict_opens_the_page(page: str) -> None:
    text = words(page)
    asked = text.index("tiny was tuned with LoRA on 1 task, 1 of them also turned around, from films. Does")
    assert asked < text.index("Tuning helped on the unseen tasks") < text.index("points or more in 80 of 100")
    assert text.index("80 of 100") < text.index("Scores by task and template")
    assert "Nothing is claimed about other tasks: all 2 tasks are of one cluster (nli)" in text


def test_a_label_in_a_written_answer_stands_beside_the_commonest_label(tmp_path: Path) -> None:
    """Of the label alone: two rows of three say no, so always saying it is worth 67."""
    written = [
        replace(each, text=said, references=(said,), metrics=("last_value",), values={"last_value": 100.0})
        for each in answers(rows=3)
        if each.task == "talk/say"
        for said in ["{'urgent': '%s'}" % ("yes" if each.row == 2 else "no")]
    ]
    text = report([write_run(tmp_path / "run", written)]).read_text(encoding="utf-8")
    assert "<title>majority 66.7</title>" in text and "<title>chance" not in text


def test_a_difference_that_so_few_rows_cannot_show_is_not_claimed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(gain=0.0)))
    text = words(report([folder]).read_text(encoding="utf-8"))
    assert "No effect of tuning on the unseen tasks could be shown" in text
    assert "This is not proof of no effect" in text and "Tuning helped" not in text


def test_numbers_are_those_of_scores_json(page: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers()))
    rows = [row for row in json.loads((folder / "scores.json").read_text()) if row["task"] and row["model"] == "tuned"]
    assert rows
    for row in rows:
        assert f'<b>{row["score"]:.1f}</b> <span class="interval">[{row["low"]:.1f}, {row["high"]:.1f}]</span>' in page


def test_the_split_what_was_dropped_and_how_it_was_made_are_told(page: str) -> None:
    text = words(page)
    for told in (
        "Claim at level cluster",
        "1 seen row and 1 unseen row share text; the seen rows were left out of the tuning (1 row left out)",
        "no coarser level than the claim",
        "The start model was instruction-tuned on chats",
        "3 drawn examples",
        "5 examples",
        "rows: 2",
        "unseen nli/small unlabelled rows 9",
        "unseen tune little.yaml --set seed=0",
        "f1" * 32,
        "torch 2.13.0",
        "1 min 1 s",
    ):
        assert told in text
    assert "<polyline" in page and 'aria-label="Training loss from 4.00 at step 1 to 1.33' in page


def test_examples_of_each_kind_show_prompt_choices_and_both_answers(page: str) -> None:
    for kind in ("right by both", "mended by tuning", "broken by tuning", "wrong by both", "better after tuning"):
        assert f"<b>{kind}</b>" in page
    article = page[page.index("<b>mended by tuning</b>") :].split("</article>")[0]
    assert ROW in article and "✓ right" in article and "−1.25" in article
    assert article.count("◂ chosen") == 2 and all(choice in article for choice in CHOICES)


def test_at_most_ten_examples_of_a_kind_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=40)))
    page = report([folder]).read_text(encoding="utf-8")
    for shown, there in re.findall(r"</b>, (\d+) of (\d+)</summary>", page):
        assert int(shown) == min(10, int(there))


def test_hostile_rows_stay_text(tmp_path: Path) -> None:
    predictions = list(answers(rows=3, prompt=HOSTILE))
    folder = write_run(tmp_path / "run", predictions, command=f"unseen tune {HOSTILE}", hold_out=proof(seen=(HOSTILE,)))
    page = report([folder]).read_text(encoding="utf-8")
    tags = Tags(page)
    assert [name for name, _ in tags.found].count("script") == 1 and not tags.open
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in page
    assert "onerror" not in {key for _, attributes in tags.found for key in attributes}
    assert "\x00" not in page and "\ufffd" in page


def test_without_rows_no_text_of_a_row_is_in_the_page(tmp_path: Path) -> None:
    predictions = list(answers())
    folder = write_run(tmp_path / "run", predictions, seen_side=proof(level="row"), unclean={"nli/small": [4]})
    assert ROW in report([folder]).read_text(encoding="utf-8")
    page = report([folder], with_rows=False).read_text(encoding="utf-8")
    texts = {each.prompt for each in predictions} | {each.text for each in predictions} | {*CHOICES, ROW, LEAK}
    assert not [text for text in texts - {"nothing"} if text in page]
    assert "nli/small, ask, row test[" in page and "sha256 " in page and "−1.25" in page and "choice 2" in page


def test_a_long_prompt_is_cut_with_a_count(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=2, prompt="long " * 2000)))
    page = report([folder]).read_text(encoding="utf-8")
    assert "characters are not shown" in page and len(page) < 1_000_000


def test_a_void_task_is_struck_through_named_and_in_no_mean(tmp_path: Path) -> None:
    model = record()["model"] | {"conflicts": {"nli/small": ["snli"], "nli/other": "none", "talk/say": "none"}}
    folder = write_run(tmp_path / "run", list(answers()), model=model)
    page = report([folder]).read_text(encoding="utf-8")
    assert "the start model was instruction-tuned on snli before, so nli/small is not unseen to it" in words(page)
    assert '<s>nli/small</s> <span class="flag">void</span>' in page
    assert '<s><span class="score">' in page and "mean of 2 tasks" not in page


def test_an_unknown_start_model_is_told_beside_each_unseen_score(tmp_path: Path) -> None:
    unseen = [task for task, side, _ in TASKS if side == "unseen"]
    model = record()["model"] | {"instruction_tuned_on": "unknown", "conflicts": dict.fromkeys(unseen, "unknown")}
    folder = write_run(tmp_path / "run", list(answers()), model=model)
    page = report([folder]).read_text(encoding="utf-8")
    assert "it may have met the unseen tasks before" in page
    assert page.count('nli/small <span class="flag">start model\'s tuning unknown') == 0
    assert page.count("nli/small <span") == page.count('nli/small <span class="flag">') > 2


def test_a_collapsed_model_is_named(tmp_path: Path) -> None:
    predictions = [
        replace(each, chosen=0, text=CHOICES[0]) if each.model == "tuned" and each.kind == "choose" else each
        for each in answers()
    ]
    text = words(report([write_run(tmp_path / "run", predictions)]).read_text(encoding="utf-8"))
    assert "In 4 of 4 settings (task, template, shots) on unseen tasks the tuned model gives one and the same" in text


def test_rows_without_overlap_are_scored_by_themselves(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers()), unclean={"nli/small": [4, 5]})
    page = report([folder]).read_text(encoding="utf-8")
    part = page[page.index("rows without overlap), scored by themselves") :].split("</details>")[0]
    assert "10 rows" in part and "nli/small" in part


def test_several_seeds_are_one_line_a_task_with_all_their_dots(tmp_path: Path) -> None:
    predictions = [replace(each, shots=2, seed=seed) for seed in (0, 1) for each in answers()]
    page = report([write_run(tmp_path / "run", predictions)]).read_text(encoding="utf-8")
    part = page[page.index('<section id="scores"') :].split("<details>")[0]
    lines = [line for line in part.split("<tr")[1:] if ">nli/small<" in line and ">tuned<" in line]
    assert len(lines) == 1 and lines[0].count("<circle") == 4 and ">all<" in page


def test_the_tuning_says_what_sharing_saved_and_how_rows_were_drawn(tmp_path: Path) -> None:
    text = words(report([write_run(tmp_path / "run", answers())]).read_text(encoding="utf-8"))
    assert "42 of 100 tokens are computed, since what examples begin with alike is computed once" in text


def test_rows_that_were_met_stand_beside_those_that_could_be(tmp_path: Path) -> None:
    """A short run is not said to be tuned on all rows that it had. Records that did not count it make no such claim."""
    old, counts = record()["counts"], record()["counts"]
    counts["rows"]["films/liked"] |= {"met": 9, "not_chosen": 0}
    pages = [
        words(report([write_run(tmp_path / name, answers(), counts=each)]).read_text(encoding="utf-8"))
        for name, each in (("new", counts), ("old", old))
    ]
    heads = "seen dataset rows unlabelled dropped for overlap validation could be tuned on"
    assert f"{heads} met in tuning films/liked 40 7 1 8 24 9" in pages[0]
    assert f"{heads} films/liked 40 7 1 8 24" in pages[1] and "met in tuning" not in pages[1]


@pytest.mark.parametrize(
    ("epoch", "said"), [(256, "It was tuned on 64 of 256 examples, 25 % of an epoch."), (64, None), (None, None)]
)
def test_less_than_an_epoch_is_a_line_of_the_verdict(epoch: int | None, said: str | None, tmp_path: Path) -> None:
    counts = record()["counts"] | ({"epoch_length": epoch} if epoch else {})
    text = words(report([write_run(tmp_path / "run", answers(), counts=counts)]).read_text(encoding="utf-8"))
    assert said in text if said else "of an epoch" not in text


def test_two_answers_to_one_question_say_which_is_which(tmp_path: Path) -> None:
    """Base scores 0, 50, 100 through three templates, tuned 100, 0, 50: the medians are equal, so the task's difference
    is 0; the differences are +100, -50, -50, whose median is -50."""
    asked = [each for each in answers(rows=2) if each.task == "nli/small" and each.template == "ask"]
    shares = {"base": (0, 1, 2), "tuned": (2, 0, 1)}
    predictions = [
        replace(each, template=f"way {way}", values={"accuracy": 100.0 * (each.row < right)})
        for each in asked
        for way, right in enumerate(shares[each.model])
    ]
    text = words(report([write_run(tmp_path / "run", predictions)]).read_text(encoding="utf-8"))
    assert "150.0 −50.0 (way 1) −50.0 (of the medians: 0.0) +100.0 (way 0)" in text
    assert "100.0 0.0 (way 1) 50.0 100.0 (way 0)" in text  # tuned: nothing stands beside a model's own median
    assert "difference of the medians" in text and "The median of those need not be" in text


def test_colours_of_answers_have_their_words(tmp_path: Path) -> None:
    """Of a task whose rows have choices of their own there are only places."""
    own = [
        replace(each, choices=("no", "yes")) if (each.task, each.template) == ("nli/small", "tell") else each
        for each in answers()
    ]
    own = [replace(each, choices=(f"{each.row}", "b")) if each.task == "nli/other" else each for each in own]
    text = words(report([write_run(tmp_path / "run", own)]).read_text(encoding="utf-8"))
    part = text[text.index("A colour is a place") : text.index("By template, with the words")]
    assert f"nli/small (unseen) zero-shot right answers {CHOICES[0]} / no {CHOICES[1]} / yes" in part
    assert "nli/other (unseen) zero-shot right answers choice 1 choice 2" in part


def test_rows_of_seen_tasks_that_were_not_asked_are_a_link_away(tmp_path: Path) -> None:
    left_out = {"seen: films/liked: rows that meet one tuned on": 2, "unseen: nli/small: unlabelled rows": 9}
    folder = write_run(tmp_path / "run", list(answers()), left_out=left_out, seen_side=proof(level="row"))
    page = report([folder]).read_text(encoding="utf-8")
    assert page.count('href="#seen-overlap"') == page.count('id="seen-overlap"') == 1


def test_a_report_never_loads_torch(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers(rows=2)))
    code = (
        "import sys\nfrom pathlib import Path\nfrom unseen.reporting.page import report\n"
        f"report([Path({str(folder)!r})])\n"
        "print(sorted({'torch', 'transformers', 'peft', 'datasets', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_turned_around_and_what_was_compared_on_the_seen_side_is_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", list(answers()), seen_side=proof())
    text = words(report([folder]).read_text(encoding="utf-8"))
    assert "liked (also turned)" in text and "Turned around: input and answer change places" in text
    assert "they are not turned around, so the two losses are of different texts" in text
    assert "tuned-on rows" in text and "test rows" in text  # beside the seen and unseen rows of the hold-out
