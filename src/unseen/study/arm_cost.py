"""What one arm costs on this machine: its recipe's dry run, in a process of its own, remembered."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from unseen.data.places import cache
from unseen.errors import DataMistake
from unseen.model.folder import resolve
from unseen.recipe import Recipe
from unseen.study.arms import Arm
from unseen.study.fingerprint import versions
from unseen.study.means import cores
from unseen.study.record import write_json

Record = dict[str, Any]


def largest(arms: Sequence[Arm]) -> Arm:
    """The arm whose model has the most bytes of weights; of several the one that reads most tokens at once."""
    sizes = {name: resolve(name).size for name in {arm.recipe.model for arm in arms}}

    def weight(arm: Arm) -> tuple[int, bool, int]:
        train = arm.recipe.train
        return sizes[arm.recipe.model], train.method == "full", min(train.batch_tokens, train.max_tokens * 4)

    return max(arms, key=weight)


def measured(recipe: Recipe) -> Record:
    """The facts of the recipe's plan (see `plan`), measured here or remembered from before.

    Raises `DataMistake` with what the plan's process said where it cannot be made.
    """
    key = json.dumps([recipe.model_copy(update={"name": "x"}).canonical(), versions(), cores()], sort_keys=True)
    path = cache() / "plans" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, _measured(recipe))
    found: Record = json.loads(path.read_text(encoding="utf-8"))
    return found


def _measured(recipe: Recipe) -> Record:
    command = [sys.executable, "-m", "unseen.study.arm_cost"]
    done = subprocess.run(command, input=json.dumps(recipe.canonical()), capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"its process ended with status {done.returncode}"]
        raise DataMistake(
            recipe.name, f"cannot be planned: {last[0].removeprefix('unseen: ')}", "see unseen tune --plan"
        )
    found: Record = json.loads(done.stdout)
    return found


def main() -> int:
    """Plan the recipe that standard input holds as JSON; its facts as JSON on standard output."""
    from unseen.errors import UserMistake
    from unseen.study.plan import plan

    try:
        print(json.dumps(plan(Recipe.model_validate_json(sys.stdin.read())).values))
    except UserMistake as mistake:
        print(*mistake.lines, sep="\n", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
