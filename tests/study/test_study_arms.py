"""From a study to its arms: pure and stable, nested where a grid grows, and each compared with what it should be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from unseen.errors import RecipeMistake, TaskMistake, UserMistake
from unseen.study.arms import Arm, choose, expand
from unseen.study.settings import merged
from unseen.study.study_file import load_study
from unseen.task.catalog import load_catalog

Study = Callable[..., tuple[Arm, ...]]
BASE = {
    "seen": ["sentiment/*", "topic/*", "commonsense/*"],
    "unseen": ["nli/*"],
    "train": {"steps": 4},
}


@pytest.fixture
def arms_of(write: Callable[[str, str], Path]) -> Study:
    """Expands a study whose values are given; the base is changed by `base`."""

    def expanded(*arms: object, base: object = None, **values: object) -> tuple[Arm, ...]:
        said = {"study": "s", "question": "q", "base": base or BASE, "arms": list(arms), "seeds": [0, 1], **values}
        return expand(load_study(write("s.yaml", yaml.safe_dump({"baseline": {"each": "base"}, **said}))))

    return expanded


def of_seed(arms: tuple[Arm, ...], seed: int) -> list[Arm]:
    return [arm for arm in arms if arm.seed == seed]


def test_expanding_is_pure_and_stable(arms_of: Study) -> None:
    grids = [
        {"name": "all"},
        {"grid": "powers", "of": "tasks", "from": 1, "to": "all"},
        {"grid": "leave_one_out", "level": "cluster"},
        {"grid": "models", "values": ["gpt2", "org/pythia@main"]},
    ]
    once = arms_of(*grids)
    assert once == arms_of(*grids)
    assert [(arm.name, arm.seed) for arm in once[:4]] == [("all", 0), ("all", 1), ("tasks-1", 0), ("tasks-1", 1)]
    assert len({arm.folder for arm in once}) == len(once)
    assert all(arm.recipe.seed == arm.seed for arm in once)


def test_an_arm_more_changes_no_other(arms_of: Study) -> None:
    few = arms_of({"grid": "powers", "of": "tasks", "from": 1, "to": 4})
    more = arms_of({"name": "all"}, {"grid": "powers", "of": "tasks", "from": 1, "to": "all"})
    by_name = {(arm.name, arm.seed): arm for arm in more}
    assert all(by_name[arm.name, arm.seed] == arm for arm in few)


@pytest.mark.parametrize("of", ["tasks", "clusters"])
def test_tasks_of_a_smaller_arm_are_among_those_of_a_larger_one(arms_of: Study, of: str) -> None:
    arms = arms_of({"grid": "powers", "of": of, "from": 1, "to": "all"})
    for seed in (0, 1):
        sides = [set(arm.recipe.seen) for arm in of_seed(arms, seed)]
        assert len(sides) > 1 and all(small < large for small, large in pairwise(sides))
        assert sides[-1] == {task.name for task in load_catalog(["shipped"]).match(BASE["seen"])}
    assert [arm.about[of] for arm in of_seed(arms, 0)] == ([1, 2, 4, 6] if of == "tasks" else [1, 2, 3])
    assert [arm.recipe.seen for arm in of_seed(arms, 0)] != [arm.recipe.seen for arm in of_seed(arms, 1)]


def test_powers_of_tasks_never_touch_the_unseen_side(arms_of: Study) -> None:
    base = {**BASE, "seen": ["*"], "unseen": ["nli/fact_follows", "sentiment/film_notes"]}
    (largest,) = of_seed(arms_of({"grid": "powers", "of": "tasks", "from": 99, "to": "all"}, base=base), 0)
    assert largest.recipe.seen and not {name.partition("/")[0] for name in largest.recipe.seen} & {"nli", "sentiment"}
    assert largest.recipe.unseen == ("nli/fact_follows", "sentiment/film_notes")


def test_more_tasks_than_there_are_is_a_mistake(arms_of: Study) -> None:
    with pytest.raises(TaskMistake, match=r"there are 6 tasks that are apart .* 7 are asked for"):
        arms_of({"grid": "powers", "of": "tasks", "from": 7, "to": 7})


def test_powers_of_templates_and_rows_set_the_recipe(arms_of: Study) -> None:
    templates, rows = (
        of_seed(arms_of({"grid": "powers", "of": of, "from": 2, "to": 9}), 0) for of in ("templates", "rows")
    )
    assert [arm.recipe.templates.per_task for arm in templates] == [2, 4, 8, 9]
    assert [arm.recipe.mixture.rows for arm in rows] == [2, 4, 8, 9]


def test_a_cluster_that_is_left_out_is_asked_and_nothing_of_it_is_tuned_on(arms_of: Study) -> None:
    arms = of_seed(arms_of({"grid": "leave_one_out", "level": "cluster"}), 0)
    assert [arm.about["left_out"] for arm in arms] == ["sentiment", "topic", "commonsense"]
    for arm in arms:
        cluster = arm.about["left_out"]
        assert {name.partition("/")[0] for name in arm.recipe.unseen} == {cluster}
        assert cluster not in {name.partition("/")[0] for name in arm.recipe.seen} and len(arm.recipe.seen) == 4
        assert arm.recipe.hold_out.level == "cluster"


def test_a_task_that_is_left_out_leaves_its_cluster(arms_of: Study) -> None:
    grid = {"grid": "leave_one_out", "level": "task", "among": ["sentiment/film_notes"]}
    (arm,) = of_seed(arms_of(grid), 0)
    assert arm.recipe.unseen == ("sentiment/film_notes",) and "sentiment/shop_reviews" in arm.recipe.seen
    assert arm.name == "leave-sentiment-film_notes" and arm.recipe.hold_out.level == "task"


ROWS = "\n".join(f'{{"text": "row {number}"}}' for number in range(3))
DESCRIPTION = """
dataset: {name}
cluster: {cluster}
origin: [{origin}]
licence: Apache-2.0
source: {{files: {{train: rows.jsonl, test: rows.jsonl}}}}
templates: [{{name: it, prompt: "{{{{ text }}}}", completion: "{{{{ text }}}}"}}]
"""


def test_tasks_of_one_published_dataset_are_left_out_together(
    arms_of: Study, write: Callable[[str, str], Path]
) -> None:
    write("own/rows.jsonl", ROWS)
    for name, cluster, origin in [("ask", "a", "qasc"), ("answer", "b", "QASC"), ("other", "a", "piqa")]:
        folder = write(f"own/{name}.yaml", DESCRIPTION.format(name=name, cluster=cluster, origin=origin)).parent
    base = {"catalogs": [str(folder)], "seen": ["*"], "train": {"steps": 1}}
    arms = of_seed(arms_of({"grid": "leave_one_out", "level": "dataset"}, base=base), 0)
    assert {frozenset(arm.recipe.unseen) for arm in arms} == {frozenset({"a/ask", "b/answer"}), frozenset({"a/other"})}
    assert [arm.recipe.seen for arm in arms if "a/ask" in arm.recipe.unseen] == [("a/other",)]


def test_tasks_that_were_made_of_one_dataset_are_left_out_together(arms_of: Study) -> None:
    """A task of Natural Instructions is of the dataset that it was made of; left out alone it is another arm."""
    base = {"seen": ["list:unseen_instructions/train"], "train": {"steps": 1}}
    whole = {"grid": "leave_one_out", "level": "dataset", "among": ["*/task*fact_follows*"]}
    alone = {"grid": "leave_one_out", "level": "task", "among": ["*/task01*"]}
    dataset, task = of_seed(arms_of(whole, alone, base=base), 0)
    assert dataset.about["left_out"] == "fact_follows" and len(dataset.recipe.unseen) > 1
    assert not any("fact_follows" in name for name in dataset.recipe.seen)
    assert len(task.recipe.unseen) == 1 and any("fact_follows" in name for name in task.recipe.seen)


def test_each_value_of_a_list_is_removed_or_alone(arms_of: Study) -> None:
    grid = {"grid": "without_each", "key": "evaluate.shots", "values": [0, 2, 4]}
    without = of_seed(arms_of(grid), 0)
    alone = of_seed(arms_of({**grid, "alone": True}), 0)
    assert [(arm.name, arm.recipe.evaluate.shots) for arm in without] == [
        ("without-0", (2, 4)),
        ("without-2", (0, 4)),
        ("without-4", (0, 2)),
    ]
    assert [(arm.name, arm.recipe.evaluate.shots) for arm in alone] == [
        ("only-0", (0,)),
        ("only-2", (2,)),
        ("only-4", (4,)),
    ]


def test_in_a_product_an_arm_is_compared_with_its_like_that_has_the_baselines_part(arms_of: Study) -> None:
    factors = [
        {"grid": "leave_one_out", "among": ["topic/*", "sentiment/*"]},
        [{"name": "few", "set": {"evaluate.shots": [2]}}, {"name": "zero"}],
    ]
    arms = of_seed(arms_of({"grid": "product", "of": factors}, baseline="zero"), 0)
    assert [(arm.name, arm.against) for arm in arms] == [
        ("leave-topic+few", "leave-topic+zero"),
        ("leave-topic+zero", None),
        ("leave-sentiment+few", "leave-sentiment+zero"),
        ("leave-sentiment+zero", None),
    ]
    assert arms[0].recipe.evaluate.shots == (2,) and arms[0].recipe.unseen[0].startswith("topic/")
    assert arms[0].about == {"left_out": "topic", "arm": "few"}


def test_an_arm_that_is_only_asked_needs_nothing_to_tune_on(arms_of: Study) -> None:
    asked, tuned = of_seed(arms_of({"name": "asked", "set": {"tune": False, "seen": []}}, {"name": "all"}), 0)
    assert (asked.work, tuned.work) == ("ask", "tune")
    with pytest.raises(RecipeMistake, match="arm 'idle': has nothing to tune on"):
        arms_of({"name": "idle", "set": {"seen": []}}, {"name": "idle_too", "set": {"tune": False, "seen": []}})


@pytest.mark.parametrize(
    "arms, values, said",
    [
        ([{"name": "a"}, {"name": "a"}], {}, "two arms called 'a'"),
        ([{"name": "all"}], {"baseline": "al"}, "did you mean 'all'"),
        ([{"name": "a"}, {"name": "b", "set": {"train.steps": 5}}], {}, r"one number of train.steps .* \(it is 4, 5\)"),
        ([{"name": "a", "set": {"train.steps": None}}], {}, "set base.train.steps"),
        ([{"name": "a"}, {"name": "b", "set": {"train.examples": 64}}], {}, "train.examples overrides in arm 'b'"),
        ([{"name": "a"}], {"matched": "exposures"}, "mixture.rate: equal"),
        (
            [{"name": "a", "set": {"evaluate.base": False}}],
            {"baseline": {"each": "base"}},
            "arm 'a': is compared with its untuned model",
        ),
        ([{"grid": "leave_one_out", "among": ["sentimant/*"]}], {}, "did you mean 'sentiment/"),
        ([{"grid": "values", "key": "train.rank.more", "values": [1]}], {}, "goes through 'rank'"),
    ],
)
def test_arms_that_cannot_be_are_mistakes(
    arms_of: Study, arms: list[object], values: dict[str, object], said: str
) -> None:
    base = {**BASE, "train": {"steps": 4, "rank": 8}}
    with pytest.raises(UserMistake, match=said):
        arms_of(*arms, base=base, **values)


def test_arms_are_chosen_by_name(arms_of: Study) -> None:
    arms = arms_of({"name": "one"}, {"name": "two"})
    assert choose(arms, ()) == arms and [arm.seed for arm in choose(arms, ["two"])] == [0, 1]
    with pytest.raises(RecipeMistake, match="did you mean 'two'"):
        choose(arms, ["tow"])


values = st.recursive(
    st.integers() | st.text("xyz", max_size=2) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(mappings, mappings)
def test_merging_again_changes_nothing_and_the_first_is_left_as_it_was(first: dict, second: dict) -> None:  # type: ignore[type-arg]
    before = yaml.safe_dump(first)
    whole = merged(first, second, "here")
    assert merged(whole, second, "here") == whole and yaml.safe_dump(first) == before
    assert set(whole) == set(first) | set(second)
    assert merged({"a": first}, {"a": second}, "here") == {"a": whole}
