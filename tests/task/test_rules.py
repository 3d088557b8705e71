"""FLAN's rules on clusters that exclude each other; leaving one out, on tasks made up and on those described."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from unseen.data.dataset import Dataset
from unseen.data.places import user_catalog
from unseen.errors import HoldOutMistake
from unseen.prompt.template import Template
from unseen.task.catalog import load_catalog
from unseen.task.claims import LEVELS, apart, finer, leave_one_out, shared_names
from unseen.task.rules import load_rules
from unseen.task.task import Task
from unseen.task.variants import tasks_of

Left = Literal["task", "dataset", "cluster"]


def task(name: str, *origin: str, shares: Sequence[str] = ()) -> Task:
    cluster, _, own = name.partition("/")
    made = Dataset(own, cluster, {}, origin or (own,), shares_rows_with=tuple(shares))
    return tasks_of(made, [Template("t", "{{ x }}", "{{ y }}")])[0]


def excluded(seen: Sequence[Task], *unseen: Task) -> set[str]:
    return set(load_rules("flan").excluded(seen, unseen))


NLI, SAME = task("nli/a"), task("paraphrase/b")
READING, SENSE, BOTH = task("reading_comprehension/c"), task("commonsense/d"), task("other/cosmos_qa")
TOPIC = task("topic/e")
ALL = [NLI, SAME, READING, SENSE, BOTH, TOPIC]


def test_paraphrase_and_nli_exclude_each_other() -> None:
    assert excluded(ALL, NLI) == {SAME.name} and excluded(ALL, SAME) == {NLI.name}
    why = load_rules("flan").excluded([SAME], [NLI])[SAME.name]
    assert why == "it is of flan's cluster paraphrase, which nli (nli/a) excludes"


def test_reading_comprehension_with_commonsense_excludes_both_and_is_excluded_by_both() -> None:
    assert excluded(ALL, READING) == excluded(ALL, SENSE) == {BOTH.name}
    assert excluded(ALL, BOTH) == {READING.name, SENSE.name}
    assert excluded(ALL, TOPIC) == set()


def test_the_rules_go_by_flans_list_and_then_by_the_clusters_names() -> None:
    """CosmosQA is FLAN's whatever its cluster is called; COPA is commonsense there, and in another cluster here."""
    copa, winograd = task("sentence_completion/copa"), task("coreference/winograd")
    assert excluded([SENSE, copa, winograd], copa) == {SENSE.name}
    assert excluded([task("question_answering/qa", shares=["cosmos_qa"])], READING) == set()
    assert excluded([task("textual_entailment/t1"), task("misc/some_pairs", "glue/qqp")], task("x/rte")) == {
        "textual_entailment/t1", "misc/some_pairs"
    }  # fmt: skip


def test_tasks_of_one_cluster_are_left_to_the_claim() -> None:
    assert excluded([NLI, task("nli/other")], NLI) == set()


def test_flans_own_splits_come_out() -> None:
    """One task for each of FLAN's clusters: what its generate_inter_cluster_splits leaves out, and no more."""
    rules = load_rules("flan")
    clusters = {groups[0]: task(f"own_{groups[0]}/{name}") for name, groups in rules.listed.items()}
    expected = {
        ("nli", "paraphrase"), ("paraphrase", "nli"),
        ("reading_comprehension", "reading_comprehension_with_commonsense"),
        ("commonsense", "reading_comprehension_with_commonsense"),
        ("reading_comprehension_with_commonsense", "reading_comprehension"),
        ("reading_comprehension_with_commonsense", "commonsense"),
    }  # fmt: skip
    pairs = product(clusters.items(), clusters.items())
    found = {(held, kept) for (held, other), (kept, own) in pairs if rules.excluded([own], [other])}
    assert len(clusters) == 17 and found == expected


def test_unknown_rules_are_answered_with_the_nearest_and_a_faulty_file_with_its_key(home: Path) -> None:
    with pytest.raises(HoldOutMistake, match="there are no rules 'flam'; did you mean 'flan'"):
        load_rules("flam")
    (user_catalog() / "rules").mkdir(parents=True)
    (user_catalog() / "rules" / "mine.yaml").write_text(
        "rules: mine\nsource: me\nclusters: {a: [b]}\nexcludes: [[a]]\n"
    )
    with pytest.raises(HoldOutMistake, match=r"excludes\.0"):
        load_rules("mine")


def test_rules_of_the_users_own(home: Path) -> None:
    (user_catalog() / "rules").mkdir(parents=True)
    (user_catalog() / "rules" / "mine.yaml").write_text(
        "rules: mine\nsource: me\nclusters: {news: [topic], judging: [nli]}\nexcludes: [[news, judging]]\n"
    )
    assert set(load_rules("mine").excluded(ALL, [NLI])) == {TOPIC.name}


@pytest.mark.parametrize("rules", [None, "flan"])
@pytest.mark.parametrize("level", ["task", "dataset", "cluster"])
def test_every_pair_that_leaves_one_out_is_a_valid_claim(
    level: Left, rules: str | None, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every described dataset, Super-NaturalInstructions' tasks and Natural Instructions' included."""
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    tasks = load_catalog(["data"]).match(["*", "!p3/*"])
    loaded = load_rules(rules) if rules else None
    pairs = list(leave_one_out(tasks, level, loaded))
    assert {each.name for _, unseen in pairs for each in unseen} == {each.name for each in tasks}
    for seen, unseen in pairs:
        shared = shared_names(seen, unseen)
        assert seen and not any(shared.get(each) for each in finer(level))
        assert loaded is None or not loaded.excluded(seen, unseen)


def test_nothing_more_is_left_out_than_the_level_demands() -> None:
    tasks = [*ALL, task("nli/f", "shared"), task("paraphrase/g", "shared"), task("topic/h", shares=["shared"])]
    for level in LEVELS[1:]:
        for seen, unseen in leave_one_out(tasks, level):  # type: ignore[arg-type]
            left = [each for each in tasks if each not in seen]
            assert all(any(not apart(level, each, other) for other in unseen) for each in left)
            assert all(apart(level, each, other) for each in seen for other in unseen)
