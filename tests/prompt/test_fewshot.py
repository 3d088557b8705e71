"""Exemplars as turns of their own, or inside the one user turn."""

from __future__ import annotations

from unseen.prompt.example import Example, Segment, Span
from unseen.prompt.fewshot import with_exemplars


def example(prompt: str, completion: str, *before: Segment) -> Example:
    asked = Segment("user", prompt, spans=(Span(1, 2, ("x",)),))
    return Example("a/b", "t", "test", 0, (*before, asked, Segment("assistant", completion, 1.0)), separator=" => ")


def test_turns_come_after_the_system_turn_and_carry_no_loss() -> None:
    system = Segment("system", "Be brief.", source="system")
    made = with_exemplars(example("q?", "a", system), [example("p1", "c1", system), example("p2", "c2")], "turns")
    assert [(s.role, s.text) for s in made.segments] == [
        ("system", "Be brief."),
        ("user", "p1"),
        ("assistant", "c1"),
        ("user", "p2"),
        ("assistant", "c2"),
        ("user", "q?"),
        ("assistant", "a"),
    ]
    assert [s.weight for s in made.segments] == [0.0] * 6 + [1.0]
    assert [s.source for s in made.segments][1:5] == ["exemplar"] * 4
    assert (made.prompt, made.completion) == ("q?", "a")


def test_one_turn_holds_them_all_and_spans_move_along() -> None:
    made = with_exemplars(example("q?", "a"), [example("p1", "c1"), example("p2", "c2")], "one_turn")
    user = made.segments[0]
    assert user.text == "p1 => c1\n\np2 => c2\n\nq?"
    assert user.exemplars == ((0, 10), (10, 20))
    assert user.spans == (Span(21, 22, ("x",)),)
    assert len(made.segments) == 2


def test_no_exemplars_change_nothing() -> None:
    each = example("q?", "a")
    assert with_exemplars(each, [], "turns") is each
