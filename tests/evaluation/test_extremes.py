"""The best and the worst way to ask, and how many exemplars were shown: worked by hand."""

from __future__ import annotations

from unseen.evaluation.aggregate import aggregate
from unseen.evaluation.extremes import Asking, ExemplarsShown
from unseen.evaluation.prediction import Prediction

RIGHT = {"plain": (100, 100, 0, 0), "shouted": (100, 100, 100, 0), "crammed": (0, 0, 100, 0)}


def predictions(shots: int = 0, shown: tuple[int, ...] = (0, 0, 0, 0)) -> list[Prediction]:
    return [
        Prediction(
            "nli/a", template, "test", row, "unseen", "base", shots, 0, "choose", False, f"{template} {row}", "x",
            ("x",), ("accuracy",), {"accuracy": float(value)}, ("x", "y"), 0, 0, shown=shown[row],
        )
        for template, values in RIGHT.items()
        for row, value in enumerate(values)
    ]  # fmt: skip


def test_spread_is_best_less_worst_and_each_has_its_prompt() -> None:
    (found,) = aggregate(predictions()).extremes
    assert (found.templates, found.spread, found.median) == (3, 50.0, 50.0)
    assert found.best == Asking("shouted", 75.0, "shouted 0")
    assert found.worst == Asking("crammed", 25.0, "crammed 0")


def test_one_way_to_ask_has_no_extremes() -> None:
    assert aggregate(predictions()[:4]).extremes == ()


def test_exemplars_shown_are_counted_where_any_were_wanted() -> None:
    assert aggregate(predictions()).exemplars == ()
    (found,) = aggregate(predictions(4, (4, 4, 3, 1))).exemplars
    assert found == ExemplarsShown("nli/a", "unseen", "base", 4, 3.0, 6, 12)
