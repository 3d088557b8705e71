"""How fast the studio's pages answer with 2,000 templates and a dataset of a million rows.

    python bench/studio.py [--templates 2000] [--rows 1000000] [--repeat 20] [--json]

The catalog is made up, in a temporary home: datasets of ten templates each, and one of so many rows. The studio is the
command as it is typed, a process of its own; each page is asked once (that reads files, and is told apart as `first`),
then `--repeat` times, over one connection as a browser's. The limit is 200 ms, for the median; exit code 1 over it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unseen.model.random_models import random_folder

LIMIT_MS = 200.0
PER_DATASET = 10  # templates
TOKEN = "a-token-for-the-benchmark"
PAGES = {
    "browse": "/",
    "browse, search": "/?q=data_1+choose&cluster=",
    "a dataset": "/datasets/made_3/data_3",
    "the large dataset": "/datasets/large/large",
    "its rows counted": "/counts/large/large",
    "templates": "/templates?task=made_3/data_3&template=t_4",
    "templates, row 900,000 of the large": "/templates?task=large/large&template=t_4&split=train&row=900000",
    "tokens": "/tokens?task=made_3/data_3&template=t_4&model=tiny-random-llama",
    "runs": "/runs",
    "diversity": "/diversity",
    "start": "/start",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--templates", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large dataset")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unseen-studio-") as name:
        os.environ["UNSEEN_HOME"] = str(Path(name) / "home")
        random_folder("tiny-random-llama")
        make_catalog(Path(name) / "catalog", options.templates, options.rows)
        with studio(Path(name)) as port:
            found = [measured(port, page, path, options.repeat) for page, path in PAGES.items()]
    print(json.dumps(found, indent=1) if options.json else table(found))
    sys.exit(any(each["status"] != 200 or each["median_ms"] > LIMIT_MS for each in found))


def make_catalog(folder: Path, templates: int, rows: int) -> None:
    folder.mkdir(parents=True)
    for number in range(templates // PER_DATASET - 1):
        make_dataset(folder, f"made_{number % 40}", f"data_{number}", 20)
    make_dataset(folder, "large", "large", rows)


def make_dataset(folder: Path, cluster: str, name: str, rows: int) -> None:
    words = ("river", "stone", "lamp", "garden", "train", "letter", "bridge")
    with (folder / f"{name}.jsonl").open("w") as file:
        for row in range(rows):
            text = f"{words[row % 7]} {words[row % 5]} number {row}"
            file.write(json.dumps({"text": text, "label": row % 2}) + "\n")
    lines = [f"dataset: {name}", f"cluster: {cluster}", f"origin: [{name}]", "licence: none"]
    lines += [f"source: {{files: {{train: {name}.jsonl}}}}", "labels: {column: label, words: ['no', 'yes']}"]
    lines += ["metrics: [accuracy]", "templates:"]
    for number in range(PER_DATASET):
        asked = f"Question {number}: does this speak of water?\\n{{{{ text }}}}"
        lines += [f"  - name: t_{number}", f'    prompt: "{asked}"', '    answer_choices: ["no", "yes"]']
        lines += ['    completion: "{{ answer_choices[label] }}"']
    (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


@contextmanager
def studio(folder: Path) -> Iterator[int]:
    """The port of a studio over the catalog alone, ended afterwards."""
    command = [sys.executable, "-m", "unseen", "studio", "--no-browser", "--port", "0", "--token", TOKEN]
    command += ["--catalog", str(folder / "catalog"), "--runs", str(folder / "runs")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield int(process.stderr.readline().rpartition(":")[2].partition("/")[0])
        finally:
            process.terminate()


def measured(port: int, page: str, path: str, repeat: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    first, status, size = asked(connection, port, path)
    times = [asked(connection, port, path)[0] for _ in range(repeat)]
    connection.close()
    found = {"page": page, "status": status, "kb": size / 1000, "first_ms": first}
    return {**found, "median_ms": statistics.median(times), "largest_ms": max(times)}


def asked(connection: http.client.HTTPConnection, port: int, path: str) -> tuple[float, int, int]:
    """Milliseconds to the last byte, status, bytes."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"unseen_studio_{port}={TOKEN}"})
    answer = connection.getresponse()
    body = answer.read()
    return 1000 * (time.perf_counter() - began), answer.status, len(body)


def table(found: list[dict[str, Any]]) -> str:
    lines = ["| page | kB | first, ms | median, ms | largest, ms |", "|---|---|---|---|---|"]
    for each in found:
        status = "" if each["status"] == 200 else f" ({each['status']})"
        numbers = (each["kb"], each["first_ms"], each["median_ms"], each["largest_ms"])
        lines.append(f"| {each['page']}{status} | " + " | ".join(f"{number:.0f}" for number in numbers) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
