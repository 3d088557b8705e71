"""What is asked: which rows, through which templates, after which exemplars. No model is needed for any of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from unseen.ask.question import Answer, Generate, Question
from unseen.ask.ranking import chosen_answer
from unseen.ask.replay import ReplayBackend
from unseen.data.dataset import Dataset, Labels, Row, Source
from unseen.errors import TaskMistake, TooLong
from unseen.evaluation.evaluate import Asking, evaluate
from unseen.evaluation.prediction import Prediction
from unseen.prompt.template import Template
from unseen.recipe import EvaluateSettings
from unseen.task.task import Task

CHOICES = ("no", "yes")
LIKED = Template("liked", "{{ text }}\nLiked?", "{{ answer_choices[label] }}", CHOICES)
OPINION = Template("opinion", "Opinion on: {{ text }}", "{{ answer_choices[label] }}", ("bad", "good"))
PLAIN = replace(LIKED, name="plain", prompt="{{ text }} Liked:", plain=True)


class Recording:
    """Chooses the last choice, says 'words', and keeps what it was asked."""

    digest = "recording"

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def key(self, question: Question) -> str:
        return repr(question)

    def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        self.asked += questions
        for index, question in reversed(list(enumerate(questions))):
            if isinstance(question, Generate):
                yield index, Answer("words")
            else:
                choices = question.example.choices or ()
                yield (
                    index,
                    chosen_answer(question, [float(place) for place in range(len(choices))], [1] * len(choices)),
                )


def task(splits: Sequence[str] = ("train", "test"), name: str = "notes", **other: Any) -> Task:
    dataset = Dataset(
        name,
        "sentiment",
        {each: Source(each, "jsonl") for each in splits},
        (name,),
        labels=Labels("label", CHOICES, -1),
    )
    fields = {"templates": (LIKED, OPINION), "kind": "choose", "metrics": ("accuracy",), "plain": (PLAIN,), **other}
    return Task(dataset.task, dataset, **fields)


def rows_of(task: Task, split: str, size: int = 40) -> list[Row]:
    values = [{"text": f"{split} note {i}", "label": i % 2 if i % 5 else None} for i in range(size)]
    return [Row(split, i, each) for i, each in enumerate(values)]


def run(
    settings: dict[str, Any], tasks: Sequence[Task] = (), side: Any = "unseen", **asking: Any
) -> tuple[list[Prediction], Recording, Counter[Any]]:
    backend, counts = Recording(), Counter()
    how = Asking(backend, EvaluateSettings(**{"rows": 10, **settings}), **{"rows_of": rows_of, **asking})
    return list(evaluate(how, tasks or [task()], side, counts)), backend, counts


def test_every_template_is_asked_of_the_same_labelled_rows() -> None:
    predictions, _, _ = run({})
    rows = {name: [p.row for p in predictions if p.template == name] for name in ("liked", "opinion")}
    assert rows["liked"] == rows["opinion"] == sorted(rows["liked"])
    assert len(rows["liked"]) == 10 and not any(row % 5 == 0 for row in rows["liked"])
    assert all(each.split == "test" for each in predictions)


def test_a_large_task_is_rendered_and_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _, _ = run({})
    monkeypatch.setattr("unseen.evaluation.evaluate.TOGETHER", 6)
    parts, backend, _ = run({})
    assert parts == whole and len(whole) == 20
    backend = Recording()
    predictions = evaluate(Asking(backend, EvaluateSettings(rows=10), rows_of), [task()], "unseen")
    assert (next(predictions), len(backend.asked)) == (whole[0], 6)


def test_the_parts_of_a_large_task_are_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that begins anew in the middle of a task would say that another one is asked."""
    monkeypatch.setattr("unseen.evaluation.evaluate.TOGETHER", 6)
    entered: list[str] = []
    told: list[int] = []

    def enter(label: str) -> Any:
        entered.append(label)
        return lambda done, total: told.append(done)

    list(evaluate(Asking(Recording(), EvaluateSettings(rows=10), rows_of, progress=enter), [task()], "unseen"))
    assert entered == ["sentiment/notes"] and told == list(range(1, 21))


def test_unlabelled_rows_are_not_asked_and_counted() -> None:
    predictions, _, counts = run({"rows": None, "templates": 1})
    assert [each.row for each in predictions] == [row for row in range(40) if row % 5]
    assert counts["sentiment/notes", "unlabelled rows"] == 8


def test_a_prediction_is_judged_and_keeps_what_was_asked() -> None:
    predictions, _, _ = run({"templates": 1})
    for each in predictions:
        assert (each.prompt, each.text, each.chosen) == (f"test note {each.row}\nLiked?", "yes", 1)
        assert each.correct == each.row % 2
        assert each.references == (CHOICES[each.row % 2],)
        assert each.values == {"accuracy": 100.0 * (each.row % 2)}


def test_the_rows_depend_on_the_seed_and_not_on_model_template_or_variant() -> None:
    asked = [[p.row for p in run({}, seed=0, model=model)[0]] for model in ("base", "tuned")]
    assert asked[0] == asked[1] != [p.row for p in run({}, seed=1)[0]]
    said, _, _ = run({}, [replace(task(), name="sentiment/notes:generate", kind="generate", metrics=("rouge_l",))])
    assert [p.row for p in said] == asked[0]


@pytest.mark.parametrize(
    ("splits", "side", "split"),
    [
        (("train", "validation", "test"), "unseen", "test"),
        (("train", "validation"), "unseen", "validation"),
        (("train",), "unseen", "train"),
        (("train", "validation"), "seen", "validation"),
    ],
)
def test_the_split_is_the_first_that_was_not_tuned_on(splits: tuple[str, ...], side: Any, split: str) -> None:
    predictions, _, _ = run({"shots": (0, 2)}, [task(splits)], side)
    assert {each.split for each in predictions} == {split}


def test_train_rows_of_a_seen_task_are_never_asked_and_that_is_counted() -> None:
    predictions, _, counts = run({}, [task(("train",)), task(name="turned:turned")], "seen")
    assert predictions == []
    assert counts["sentiment/notes", "no rows to ask on the seen side"] == 1
    assert counts["sentiment/turned:turned", "turned-around tasks"] == 1


def test_rows_that_are_not_allowed_are_left_out_and_counted() -> None:
    predictions, _, counts = run({"rows": None}, allowed=lambda task, row: row.index > 20)
    assert min(each.row for each in predictions) == 21
    assert counts["sentiment/notes", "rows that meet one tuned on"] == 16


def shown(question: Question) -> list[str]:
    """First lines of the exemplars' prompts."""
    return [s.text.splitlines()[0] for s in question.example.segments[:-2] if s.role == "user"]


def test_exemplars_are_train_rows_fixed_for_the_task_and_more_shots_begin_with_fewer() -> None:
    predictions, backend, _ = run({"shots": (0, 2, 4), "templates": 1})
    by_shots = {shots: [] for shots in (0, 2, 4)}
    for question in backend.asked:
        by_shots[len(shown(question))].append(tuple(shown(question)))
    assert {shots: len(set(each)) for shots, each in by_shots.items()} == {0: 1, 2: 1, 4: 1}
    assert by_shots[4][0][:2] == by_shots[2][0]
    assert all(text.startswith("train note") for text in by_shots[4][0])
    assert Counter(each.shots for each in predictions) == {0: 10, 2: 10, 4: 10}


def test_exemplars_of_a_row_are_its_own_draw() -> None:
    _, backend, _ = run({"shots": (2,), "templates": 1, "exemplars": "row"})
    assert len({tuple(shown(question)) for question in backend.asked}) > 5


@pytest.mark.parametrize("exemplars", ["task", "row"])
def test_a_row_is_never_its_own_exemplar(exemplars: str) -> None:
    predictions, backend, _ = run({"shots": (3,), "rows": None, "exemplars": exemplars}, [task(("train",))])
    assert predictions
    for question in backend.asked:
        assert question.example.prompt.removeprefix("Opinion on: ").splitlines()[0] not in [
            text.removeprefix("Opinion on: ") for text in shown(question)
        ]


def test_an_exemplar_that_asks_the_same_is_replaced() -> None:
    def same(task: Task, split: str) -> list[Row]:
        return [Row(split, i, {"text": f"note {i % 12}", "label": 1}) for i in range(24)]

    _, backend, _ = run({"shots": (2,), "rows": None, "templates": 1}, rows_of=same)
    for question in backend.asked:
        assert question.example.prompt.splitlines()[0] not in shown(question)
        assert len(shown(question)) == 2


def test_seeds_draw_exemplars_and_zero_shot_is_asked_once() -> None:
    predictions, backend, _ = run({"shots": (0, 3), "seeds": (0, 2), "templates": 1})
    assert Counter((each.shots, each.seed) for each in predictions) == {(0, 0): 10, (3, 0): 10, (3, 2): 10}
    assert len({tuple(shown(question)) for question in backend.asked if shown(question)}) == 2


def test_too_few_rows_for_the_shots_is_the_users_mistake() -> None:
    with pytest.raises(TaskMistake, match="fewer than 9 shots; ask with fewer shots"):
        run({"shots": (9,)}, rows_of=lambda task, split: rows_of(task, split, 8))


def test_plain_prompts_are_asked_of_the_plain_backend_only() -> None:
    without, _, _ = run({})
    assert not any(each.plain for each in without)
    plain = Recording()
    predictions, backend, _ = run({}, plain=plain)
    assert [each.template for each in predictions if each.plain] == ["plain"] * 10
    assert len(plain.asked) == 10
    assert len(backend.asked) == 20


def test_a_generation_ends_at_a_paragraph_after_exemplars_and_at_a_line_in_a_plain_prompt() -> None:
    generating = replace(task(), kind="generate", metrics=("rouge_l",))
    plain = Recording()
    predictions, backend, _ = run({"shots": (0, 1), "max_new_tokens": 7}, [generating], plain=plain)
    assert {(len(shown(each)), each.stop) for each in backend.asked} == {(0, ()), (1, ("\n\n",))}
    assert {each.stop for each in plain.asked} == {("\n",)}
    assert {each.max_new_tokens for each in backend.asked} == {7}
    assert {(each.kind, each.text) for each in predictions} == {("generate", "words")}


def test_a_whole_evaluation_runs_from_replayed_answers() -> None:
    predictions, _, _ = run({"templates": 1})
    said = {f"sentiment/notes|liked|test/{each.row}": "no" for each in predictions}
    asking = Asking(ReplayBackend(said), EvaluateSettings(rows=10, templates=1), rows_of)
    replayed = list(evaluate(asking, [task()], "unseen"))
    assert [each.values["accuracy"] for each in replayed] == [100.0 * (each.row % 2 == 0) for each in replayed]
    assert len(replayed) == 10


class Short(ReplayBackend):
    """A backend whose length allows no row below 20."""

    def key(self, question: Question) -> str:
        if question.example.row < 20:
            raise TooLong(question.example.id, "has 9 tokens, of which the limit allows 8", "raise max_tokens")
        return super().key(question)


def test_questions_that_cannot_be_fitted_are_left_out_and_counted() -> None:
    whole, _, _ = run({"templates": 1, "rows": None})
    kept = [each for each in whole if each.row >= 20]
    said = {f"sentiment/notes|liked|test/{each.row}": "no" for each in kept}
    counts: Counter[Any] = Counter()
    asking = Asking(Short(said), EvaluateSettings(rows=None, templates=1), rows_of)
    assert [each.row for each in evaluate(asking, [task()], "unseen", counts)] == [each.row for each in kept]
    assert counts["sentiment/notes", "questions too long to fit"] == len(whole) - len(kept) > 0
