"""Work dealt to ranks, what the launcher says of them, and what they tell each other."""

from __future__ import annotations

import pickle
from itertools import permutations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_tuning import SETTINGS, changed

from unseen.errors import DataMistake, MissingExtra, Mistakes, NonFiniteLoss, RecipeMistake, UnseenError, UserMistake
from unseen.launch import NAMES, Place, place
from unseen.recipe import TrainSettings
from unseen.train.machine import start
from unseen.train.ranks import ALONE, Ranks, check_processes, check_sharding, dealt, dealt_in_rounds, is_lost

costs_of = st.lists(st.integers(0, 5000), min_size=1, max_size=40)
few_costs = st.lists(st.integers(0, 50), min_size=1, max_size=6)
LAUNCHED = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "here", "MASTER_PORT": "1"}


@given(costs_of, st.integers(1, 9))
def test_every_piece_is_dealt_once(costs: list[int], ranks: int) -> None:
    for shares in (dealt(costs, ranks), dealt_in_rounds(costs, ranks)):
        assert len(shares) == ranks
        assert sorted(index for share in shares for index in share) == list(range(len(costs)))


@given(few_costs, st.integers(2, 3))
def test_the_slowest_rank_takes_at_most_a_third_longer_than_it_must(costs: list[int], ranks: int) -> None:
    def longest(shares: list[list[int]]) -> int:
        return max(sum(costs[index] for index in share) for share in shares)

    ways = product(range(ranks), repeat=len(costs))
    least = min(
        longest([[index for index, rank in enumerate(way) if rank == each] for each in range(ranks)]) for way in ways
    )
    assert longest(dealt(costs, ranks)) <= least * (4 / 3 - 1 / (3 * ranks)) + 1e-9


@given(few_costs, st.integers(2, 3))
def test_no_order_of_rounds_is_shorter(costs: list[int], ranks: int) -> None:
    def length(order: list[int]) -> int:
        return sum(max(order[start : start + ranks]) for start in range(0, len(order), ranks))

    shares = dealt_in_rounds(costs, ranks)
    rounds = [[costs[share[turn]] for share in shares if turn < len(share)] for turn in range(len(shares[0]))]
    assert sum(map(max, rounds)) == min(length(list(order)) for order in permutations(costs))


def test_the_place_is_what_the_launcher_says() -> None:
    assert place(LAUNCHED) == Place(rank=1, ranks=2, local=1)
    assert place({}) == Place(0, 1, 0)
    assert place({"RANK": "3", "WORLD_SIZE": "4"}) == Place(0, 1, 0), "a cluster's own variables launch nothing"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "LOCAL_RANK"])
def test_a_launcher_that_says_half_is_refused(name: str) -> None:
    with pytest.raises(UserMistake, match=f"{name}: is not set, and LOCAL_RANK is; start it with torchrun"):
        place({key: value for key, value in LAUNCHED.items() if key != name})
    with pytest.raises(UserMistake, match="start it with torchrun"):
        place({**LAUNCHED, "RANK": "2"})
    with pytest.raises(UserMistake, match="start it with torchrun"):
        place({**LAUNCHED, "WORLD_SIZE": "two"})


def test_fewer_processes_than_asked_for_are_refused() -> None:
    with pytest.raises(UserMistake, match="2 processes were asked for and 1 run; start it with torchrun"):
        check_processes(1, 2, {})
    with pytest.raises(UserMistake, match="4 processes were asked for and 1 run"):
        check_processes(1, None, {"WORLD_SIZE": "4"})


def test_an_accelerator_from_before_the_ranks_met_is_refused(tmp_path: Path) -> None:
    """accelerate keeps its first count of processes; with 1 of 2 each rank would silently tune a model of its own."""
    with pytest.raises(UserMistake, match="counts 1 processes of 2"):
        start(SETTINGS, tmp_path, Ranks(0, 2))


@pytest.mark.parametrize("name", ["ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"])
def test_what_accelerate_would_shard_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU accelerate silently makes data parallelism of it; on a GPU it would wrap the step its own way."""
    monkeypatch.setenv(name, "true")
    with pytest.raises(UserMistake, match=f"{name}: asks accelerate for .*; set train.sharding: fsdp"):
        start(SETTINGS, tmp_path, Ranks(0, 1))


def test_shards_without_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_sharding(SETTINGS)
    for launched in ({}, {**LAUNCHED, "RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}):
        for key, value in launched.items():
            monkeypatch.setenv(key, value)
        with pytest.raises(RecipeMistake, match=r"train\.sharding: is fsdp, and this is a single process; start it"):
            check_sharding(changed(sharding="fsdp"))
    with pytest.raises(ValueError, match="fsdp needs adamw"):
        TrainSettings(sharding="fsdp", optimizer="adafactor")


ERRORS = [
    RecipeMistake("train.rank", "is odd", "make it even"),
    Mistakes([DataMistake("rows.csv", "is empty"), MissingExtra("track", "the tracker")]),
    NonFiniteLoss("step 3"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_reaches_another_process_as_it_is(error: UnseenError) -> None:
    sent = pickle.loads(pickle.dumps(error))
    assert type(sent) is type(error) and str(sent) == str(error)
    assert getattr(sent, "lines", None) == getattr(error, "lines", None)


def test_alone_one_is_all() -> None:
    assert ALONE.leads and ALONE.gathered(3) == [3]
    assert ALONE.shared(lambda: 4) == 4 and ALONE.in_turn(lambda: 5) == 5
    ALONE.agree("this")
    with pytest.raises(DataMistake, match="gone"):
        ALONE.in_turn(_failing)


def _failing() -> int:
    raise DataMistake("rows.csv", "gone")


def test_only_an_error_between_ranks_means_that_one_was_lost() -> None:
    assert is_lost(RuntimeError("[../gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1"))
    assert not is_lost(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
