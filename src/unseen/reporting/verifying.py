"""The lines of `unseen verify`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from unseen.study.verify.outcome import Check

WIDTH = len("not kept")


def print_checks(checks: Iterable[tuple[str, Check]], as_json: bool) -> bool:
    """Print each check as soon as it is known, what differs below it, and the sum last; whether none failed."""
    done: list[tuple[str, Check]] = []
    for arm, check in checks:
        done.append((arm, check))
        if not as_json:
            print(_line(arm, check), flush=True)
            for line in _differences(check):
                print(line)
    failed = sum(check.outcome == "fails" for _, check in done)
    if as_json:
        print(json.dumps([{"arm": arm, **check.as_json()} for arm, check in done], ensure_ascii=False, indent=1))
    else:
        print(_sum([check for _, check in done], failed))
    return not failed


def _line(arm: str, check: Check) -> str:
    name = f"{arm}: {check.name}" if arm else check.name
    return f"{check.outcome:<{WIDTH}}  {name}: {check.told}"


def _differences(check: Check) -> Iterable[str]:
    for each in check.differences:
        yield f"{'':<{WIDTH}}    {each.where}: recorded {each.recorded}, found {each.found}"
    if check.differing > len(check.differences):
        yield f"{'':<{WIDTH}}    and {check.differing - len(check.differences)} more differences"


def _sum(checks: list[Check], failed: int) -> str:
    left = [check for check in checks if check.outcome in ("not kept", "skipped")]
    said = f"{failed} of {len(checks)} checks fail" if failed else f"all {len(checks) - len(left)} checks hold"
    return f"\n{said}{f', {len(left)} could not be or were not made' if left else ''}"
