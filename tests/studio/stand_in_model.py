"""A stand-in for a model's process, and what tests of Ask say to it through the studio."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.studio.conftest import Studio

MODEL = """
import json, os, signal, sys, threading
name, stopped, lines, come = sys.argv[1], set(), [], threading.Semaphore(0)

def listen():
    for line in sys.stdin:
        said = json.loads(line)
        if "stop" in said:
            stopped.add(said["stop"])
        else:
            lines.append(said)
            come.release()
    os._exit(0)

def tell(**said):
    print(json.dumps(said), flush=True)

threading.Thread(target=listen, daemon=True).start()
if name == "nowhere":
    tell(wrong="nowhere: no such model; known models: a")
    sys.exit(0)
if name == "slow":
    phase = {"name": "downloading", "unit": "MB"}
    tell(at={"phase": phase, "began": 0, "done": 120000000, "total": 270000000, "first": 0})
    while not stopped:
        pass
tell(ready={})
while True:
    come.acquire()
    said = lines.pop(0)
    asked, number = said["messages"][-1][1], said["id"]
    if asked == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if asked == "too long":
        tell(id=number, wrong="it is too long")
    elif said["choices"]:
        tell(id=number, end={"log_probs": [-1.0, -3.0], "lengths": [1, 2], "chosen": 0, "cut": False, "seconds": 0.1})
    elif asked == "endless":
        tell(id=number, more="and on ")
        while number not in stopped:
            pass
        tell(id=number, end={"text": "and on ", "stopped": True, "seconds": 1.0})
    else:
        text = f"{name} of {len(said['messages'])}, {said['manner']['seed']}: <b>{asked}</b>"
        for word in text.split(" "):
            tell(id=number, more=word + " ")
        tell(id=number, end={"text": text, "tokens": 9, "seconds": 0.1})
"""


def said(studio: Studio, **form: str) -> str:
    return studio.ask("/ask", {"left": "first", "do": "say", **form}).text


def answers(studio: Studio, page: str) -> list[str]:
    """What the last turn of a page came to, a text a column, once all of it was streamed."""
    talk, turns = talk_of(page), page.split('class="turn"')[1:]
    streams = [
        studio.ask(f"/ask/stream/{talk}/{len(turns) - 1}/{column}").text
        for column in range(turns[-1].count("<section>"))
    ]
    assert all(each.endswith("event: end\ndata: \n\n") for each in streams)
    return [unescape(re.sub("<[^>]*>", " ", each.rpartition("event: part\ndata: ")[2])).strip() for each in streams]


def talk_of(page: str) -> str:
    found = re.search(r'name="talk" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def opened(page: Any, path: str) -> None:
    page.goto(re.sub(r"/\?.*|/$", "", page.url) + path)
