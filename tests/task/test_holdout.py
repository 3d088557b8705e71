"""Hold-outs: what a claim refuses, what it names, and what becomes of rows that overlap."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from unseen.data.dataset import Dataset, Row, Source
from unseen.data.rows import read_rows
from unseen.errors import HoldOutMistake, Mistakes, TaskMistake
from unseen.prompt.template import Template
from unseen.recipe import HoldOutSettings
from unseen.task.claims import LEVELS, leave_one_out, model_conflicts
from unseen.task.holdout import HoldOut, SideName, hold_out
from unseen.task.task import Task

LONG = "the quick brown fox jumps over the lazy dog while seven wise owls watch from the old oak tree"


def task(name: str, origin: Sequence[str] = (), prompt: str = "{{ text }}") -> Task:
    cluster, _, rest = name.partition("/")
    dataset = Dataset(rest.partition(":")[0], cluster, {}, tuple(origin) or (rest.partition(":")[0],))
    return Task(name, dataset, (Template("t", prompt, "x"),), "generate", ())


def rows_of(texts: Mapping[str, Sequence[str]]) -> Callable[[Task, SideName], list[Row]]:
    """Rows of a task's dataset, or of its side at level row ("seen c/d")."""

    def rows(task: Task, side: SideName) -> list[Row]:
        found = texts.get(f"{side} {task.dataset.task}", texts.get(task.dataset.task, ()))
        return [Row(side, 10 + i, {"text": text}) for i, text in enumerate(found)]

    return rows


def held(seen: Sequence[str], unseen: Sequence[str], **values: Any) -> HoldOut:
    sides = rows_of({"a/one": seen, "b/two": unseen})
    return hold_out([task("a/one")], [task("b/two")], HoldOutSettings.model_validate(values), sides)


@pytest.mark.parametrize(
    ("seen", "unseen", "shared"),
    [
        (task("a/one"), task("a/one:generate"), "task"),
        (task("a/one:turned"), task("a/one"), "task"),
        (task("a/one", ["squad"]), task("b/two", ["squad", "other"]), "dataset"),
        (task("a/one", ["super_glue/rte"]), task("b/two", ["Super-GLUE rte"]), "dataset"),
        (task("a/one", ["two"]), task("b/two", ["something"]), "dataset"),
        (task("a/one"), task("a/two"), "cluster"),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_overlap_at_the_level_and_finer_is_refused_and_coarser_is_named(
    seen: Task, unseen: Task, shared: str, level: str
) -> None:
    settings = HoldOutSettings.model_validate({"level": level})
    if LEVELS.index(shared) <= LEVELS.index(level):  # type: ignore[arg-type]
        with pytest.raises((HoldOutMistake, Mistakes), match=f"the {shared} "):
            hold_out([seen], [unseen], settings, rows_of({}))
    else:
        proof = hold_out([seen], [unseen], settings, rows_of({})).proof
        assert proof.coarser[shared], "coarser overlap must be named"  # type: ignore[index]
        assert set(proof.coarser) == set(LEVELS[LEVELS.index(level) + 1 :])  # type: ignore[arg-type]


def test_sides_apart_are_proved_apart() -> None:
    proof = held(["a cat sat on a mat"], [LONG]).proof
    assert not proof.counts and not proof.pairs
    assert [each.rows for each in (*proof.compared_seen, *proof.compared_unseen)] == [1, 1]


def test_turned_around_tasks_are_refused_on_the_unseen_side() -> None:
    with pytest.raises(TaskMistake, match="tuning only"):
        hold_out([], [task("a/one:turned")], HoldOutSettings(), rows_of({}))


@pytest.mark.parametrize(
    ("seen", "unseen", "kind"),
    [
        ("What a film!", "what a film", "equal"),
        ("What a truly lovely film this is.", "What a truly lovely film it is.", "near"),
        (f"Before it. {LONG} and after it all the others went home", f"Something else: {LONG}", "ngram"),
        (
            "He said that seven wise owls watch from the old oak tree, and left.",
            "Seven wise owls watch from the old oak",
            "ngram",
        ),
    ],
)
def test_shared_text_is_refused_with_the_rows_shown(seen: str, unseen: str, kind: str) -> None:
    with pytest.raises(HoldOutMistake) as caught:
        held(["something else entirely, and quite unlike it", seen], [unseen])
    message = str(caught.value)
    assert "a/one seen/11" in message and "b/two unseen/10" in message
    assert "1 rows of seen a/one and 1 of unseen b/two" in message
    pair = held([seen], [unseen], overlap="drop_seen").proof.pairs[0]
    assert pair.kind == kind


def test_the_shared_text_is_the_longest_run_around_the_n_gram() -> None:
    pair = held([f"once upon a time {LONG} without a word"], [f"four {LONG} five"], overlap="drop_seen").proof.pairs[0]
    assert pair.shared == LONG
    assert pair.measure == len(LONG.split()) - 13 + 1


def test_dropping_seen_rows_makes_the_sides_apart() -> None:
    seen = ["a row of its own that nobody else has", LONG + " one", "again " + LONG]
    result = held(seen, [LONG], overlap="drop_seen")
    assert result.dropped_seen == {"a/one": frozenset({11, 12})}
    assert result.proof.dropped_seen == {"a/one": (11, 12)}
    assert result.clean_unseen == {"b/two": None}
    held(seen[:1], [LONG])


def test_the_clean_subset_is_apart_from_all_that_is_seen() -> None:
    unseen = [LONG + " one", "a row of its own that nobody else has"]
    result = held([LONG], unseen, overlap="clean_subset")
    assert result.clean_unseen == {"b/two": frozenset({11})}
    assert not result.dropped_seen
    assert result.proof.unclean_unseen == {"b/two": (10,)}
    held([LONG], unseen[1:])


def test_rows_of_the_same_task_must_differ_by_content_and_not_by_split() -> None:
    sides = {"seen a/one": ["Yes, indeed.", "12 and 7"], "unseen a/one": ["12 and 7", "No."]}
    settings = HoldOutSettings(level="row", overlap="drop_seen")
    result = hold_out([task("a/one")], [task("a/one")], settings, rows_of(sides))
    assert result.dropped_seen == {"a/one": frozenset({11})}


def test_one_word_rows_of_different_datasets_do_not_meet() -> None:
    assert not held(["Paris"], ["paris"]).proof.counts


def test_every_seen_row_with_the_text_is_dropped() -> None:
    result = held([LONG, "another row, quite unlike it", LONG.upper()], [LONG], overlap="drop_seen")
    assert result.dropped_seen["a/one"] == {10, 12}


def test_wording_of_a_seen_dataset_is_no_overlap_and_is_counted() -> None:
    wording = "please read the following text with care and then tell us what you think its mood is"
    seen = [f"{wording} number{i} {'abcdefgh'[i % 8] * 5} story" for i in range(40)]
    unseen = [f"{wording} and here comes something new about the {x}" for x in ("sea", "sky", "sun")]
    proof = held(seen, unseen).proof
    assert not proof.counts
    assert proof.wordings[0].grams == len(wording.split()) - 13 + 1
    assert proof.wordings[0].example in wording


def test_a_passage_under_few_questions_is_overlap() -> None:
    seen = [f"{LONG} question {i} asks something of its own kind" for i in range(5)] + [f"row {x}" for x in "abcdefgh"]
    with pytest.raises(HoldOutMistake):
        held(seen, [LONG + " and who watched"])


def test_proof_is_json_and_repeats_itself() -> None:
    first, second = (held([LONG], [LONG, "clean row here"], overlap="clean_subset").proof.as_json() for _ in range(2))
    assert json.loads(json.dumps(first)) == json.loads(json.dumps(second))
    assert first["pairs"][0]["seen_row"] == "seen/10"


def test_digests_of_the_proof_follow_the_rows() -> None:
    one = held(["a cat sat there"], [LONG]).proof.compared_seen[0].digest
    assert one == held(["a cat sat there"], ["x y z w"]).proof.compared_seen[0].digest
    assert one != held(["a dog sat there"], [LONG]).proof.compared_seen[0].digest


TASKS = [
    task("nli/rte", ["rte"]),
    task("nli/rte:turned", ["rte"]),
    task("nli/rte:generate", ["rte"]),
    task("nli/mnli", ["mnli"]),
    task("paraphrase/mrpc", ["mrpc"]),
    task("paraphrase/rte_pairs", ["rte"]),
    task("topic/news"),
]


@pytest.mark.parametrize(("level", "count"), [("task", 5), ("dataset", 4), ("cluster", 3)])
def test_leaving_one_out_gives_valid_claims(level: Any, count: int) -> None:
    pairs = list(leave_one_out(TASKS, level))
    assert len(pairs) == count
    for seen, unseen in pairs:
        result = hold_out(seen, unseen, HoldOutSettings(level=level), rows_of({}))
        assert result.unseen and not any(each.turned for each in result.unseen)


def test_leaving_a_dataset_out_leaves_its_origin_out() -> None:
    seen = next(seen for seen, unseen in leave_one_out(TASKS, "dataset") if unseen[0].name == "nli/rte")
    assert [each.name for each in seen] == ["nli/mnli", "paraphrase/mrpc", "topic/news"]


def test_what_a_model_was_tuned_on_is_told_for_each_unseen_task() -> None:
    unseen = [TASKS[0], TASKS[6]]
    assert model_conflicts("none", unseen) == {"nli/rte": "none", "topic/news": "none"}
    assert model_conflicts("unknown", unseen) == {"nli/rte": "unknown", "topic/news": "unknown"}
    assert model_conflicts(("RTE", "nli", "squad"), unseen) == {"nli/rte": ("RTE", "nli"), "topic/news": "none"}


def real(name: str, cluster: str, source: Source, prompt: str, kind: str = "rows") -> Task:
    dataset = Dataset(name, cluster, {"train": source}, (name,), kind=kind)
    return Task(dataset.task, dataset, (Template("t", prompt, "x"),), "generate", ())


def read(task: Task, side: SideName) -> list[Row]:
    return list(read_rows(task.dataset, "train"))


def test_the_queries_that_delia_shares_with_its_public_test_are_found(real_data: Path) -> None:
    """Judged by an independent reading of the 'user_query' fields: 19 of the 100 rows, and no others."""
    delia = real("delia", "a", Source(str(real_data / "delia_format/train.jsonl"), "jsonl"), "", "messages")
    halu = real("halu", "b", Source(str(real_data / "halu_cot_json/test_part.jsonl"), "jsonl"), "", "prompt_completion")
    result = hold_out([delia], [halu], HoldOutSettings(overlap="drop_seen"), read)
    assert sorted(result.dropped_seen["a/delia"]) == [
        0, 5, 11, 25, 27, 28, 31, 40, 47, 57, 58, 65, 68, 75, 80, 83, 85, 94, 98,
    ]  # fmt: skip


def test_two_datasets_cut_from_the_same_reviews_are_found(real_data: Path) -> None:
    """SST was made of Pang and Lee's reviews; the two have no origin's name in common here, but texts."""
    sst2 = real(
        "sst2", "a", Source(str(real_data / "sst2/train.tsv"), "tsv", options={"delimiter": "\t"}), "{{ sentence }}"
    )
    options = {"delimiter": ",", "header": False, "columns": ["label", "text"]}
    reviews = real("mr", "b", Source(str(real_data / "rotten_tomatoes/test.csv"), "csv", options=options), "{{ text }}")
    count = hold_out([sst2], [reviews], HoldOutSettings(overlap="clean_subset"), read).proof.counts[0]
    assert 200 < count.unseen_rows < 300


def test_who_watches_a_comparison_sees_every_row_and_changes_nothing() -> None:
    seen, unseen = [f"{LONG} {n}" for n in range(600)], [f"{LONG} and one more", "nothing alike"]
    sides = [task("a/one")], [task("b/two")], HoldOutSettings(overlap="clean_subset")
    rows = rows_of({"a/one": seen, "b/two": unseen})
    told: list[tuple[int, int | None]] = []
    watched = hold_out(*sides, rows, progress=lambda done, total: told.append((done, total)))
    assert watched == hold_out(*sides, rows)
    assert told[-1] == (602, 602) and [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_comparison_ends_where_its_watcher_says() -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        raise Enough

    with pytest.raises(Enough):
        hold_out([task("a/one")], [task("b/two")], HoldOutSettings(), rows_of({"a/one": ["a"]}), progress=stop)
