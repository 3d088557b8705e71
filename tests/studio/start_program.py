"""What tests of Start share: a recipe, what a plan says, and a stand-in for `unseen` that plans and runs."""

from __future__ import annotations

from typing import Any

from unseen.data.places import shipped_catalog

DEMO = (shipped_catalog() / "recipes" / "demo.yaml").read_text(encoding="utf-8")
PLAN: dict[str, Any] = {
    "name": "demo", "folder": "demo-12345678", "seen": ["a/b"], "unseen": ["nli/c"], "lists": {}, "other_languages": [],
    "hold_out": {"level": "cluster", "excluded": None, "counts": []},
    "examples": {
        "examples": 320, "epoch_length": 1280, "validation_examples": 64, "empty_renderings": 0, "cuts": {},
        "too_long": 0,
    },
    "lengths": {"shortest": 3, "longest": 99}, "supervised_tokens": 1234, "duplicates": 0, "steps": 20, "tokens": 5000,
    "positions_computed": 4000, "nodes": 3000, "sharing_ratio": 1.5, "batches": "trie", "group": 1,
    "tuning_seconds": 90, "memory_mb": 812, "replay_mb": 0, "questions": {"unseen": 96}, "asking_seconds": 60,
    "format": {"kind": "chat"}, "machine": {"cores": 2, "free_mb": 9000, "memory_mb": 16000, "gpus": []},
}  # fmt: skip
PROGRAM = f"""
import json, os, signal, sys, time
from pathlib import Path

def now(name, unit="", done=0, total=None):
    said = {{"phase": {{"name": name, "unit": unit}}, "began": time.time(), "done": done, "total": total, "first": 0}}
    Path(os.environ["UNSEEN_PROGRESS"]).write_text(json.dumps(said))

recipe = Path(sys.argv[2]).read_text()
if "--plan" in sys.argv:
    if "slow" in recipe:
        now("a-model: downloading", "MB", 120_000_000, 270_000_000)
        signal.pause()
    if "nowhere" in recipe:
        print("unseen: nowhere: no such model; known models: a", file=sys.stderr)
        sys.exit(2)
    print(json.dumps({PLAN!r}))
    sys.exit(0)
run = Path(sys.argv[4])
run.mkdir(parents=True)
print("tuning: 20 steps", flush=True)
if "wait" in recipe:
    now("asking base", "", 3, 12)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("unseen: interrupted; --resume goes on")
        sys.exit(130)
(run / "record.json").write_text(json.dumps({{"finished": "today"}}))
"""
