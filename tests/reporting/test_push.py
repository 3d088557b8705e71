"""`unseen push`: a model or a catalog to the hub, whole or not at all; rows stay unless they are asked for."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from card_runs import write_tuned
from hub_stand_in import TOKEN, Hub, hub_stand_in
from page_runs import CHOICES, LEAK, ROW, record

from unseen.cli import run
from unseen.data import hub_upload

REPO = "org/name"
WEIGHTS = b"weights " * 500


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with hub_stand_in() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    return write_tuned(tmp_path / "run", WEIGHTS)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "rows").mkdir(parents=True)
    (folder / "rows" / "notes.jsonl").write_text(json.dumps({"text": ROW, "label": 0}) + "\n")
    (folder / ".hidden").write_text("x")
    (folder / "notes.yaml").write_text(
        "dataset: notes\ncluster: sentiment\norigin: [notes]\nlanguage: en\nlicence: MIT\n"
        "source: {files: {train: rows/notes.jsonl}}\n"
        "labels: {column: label, words: [bad, good]}\n"
        "templates:\n- name: ask\n  prompt: 'Good? {{ text }}'\n  answer_choices: [bad, good]\n"
        "  completion: '{{ answer_choices[label] }}'\n"
    )
    return folder


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a push of a user's mistake says."""
    assert run(["push", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 2 and lines[-1].startswith("unseen: ")
    return lines[-1].removeprefix("unseen: ")


def test_a_model_goes_with_its_card_and_a_page_without_rows(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["push", str(tuned), REPO, "--private"]) == 0
    assert capsys.readouterr().out.startswith(f"{hub.url}/{REPO}/commit/")
    assert hub.repos[REPO]["visibility"] == "private" and hub.repos[REPO]["type"] == "model"
    sent = hub.files[REPO, "main"]
    assert set(sent) == {"README.md", "adapter_config.json", "adapter_model.safetensors", "report.html", "unseen.json"}
    assert hub.content(REPO, "adapter_model.safetensors") == WEIGHTS
    assert hub.content(REPO, "README.md") == (tuned / "model" / "README.md").read_bytes()
    texts = [hub.content(REPO, path).decode() for path in sent if path != "adapter_model.safetensors"]
    assert not [word for text in texts for word in (ROW, LEAK, *CHOICES) if word in text]


def test_what_goes_names_no_place_on_this_machine(hub: Hub, tuned: Path) -> None:
    assert json.loads((tuned / "model" / "unseen.json").read_text())["base"]["path"] == "/home/me/models/tiny"
    assert run(["push", str(tuned), REPO]) == 0
    about = json.loads(hub.content(REPO, "unseen.json"))
    assert about["base"] == {"name": "tiny", "digest": "d1" * 32, "path": None}
    settings = json.loads(hub.content(REPO, "adapter_config.json"))
    assert settings == {"task_type": "CAUSAL_LM", "base_model_name_or_path": "tiny"}
    assert not [path for path in hub.files[REPO, "main"] if b"/home/me" in hub.content(REPO, path)]


def test_an_adapter_on_a_hubs_model_names_it_as_peft_wants_it(hub: Hub, tmp_path: Path) -> None:
    model = record()["model"] | {"name": "smollm2-135m-instruct"}
    assert run(["push", str(write_tuned(tmp_path / "run", model=model)), REPO]) == 0
    settings = json.loads(hub.content(REPO, "adapter_config.json"))
    assert settings["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_what_is_to_be_private_does_not_go_where_it_would_be_public(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["push", str(tuned), REPO]) == 0
    before = dict(hub.files[REPO, "main"])
    (tuned / "model" / "adapter_model.safetensors").write_bytes(b"secret")
    capsys.readouterr()
    assert error(capsys, str(tuned), REPO, "--private").startswith(f"{REPO}: is there already, and is public")
    assert hub.files[REPO, "main"] == before


def test_rows_and_the_page_go_as_asked(hub: Hub, tuned: Path) -> None:
    assert run(["push", str(tuned), REPO, "--with-rows"]) == 0
    assert ROW in hub.content(REPO, "report.html").decode()
    assert run(["push", str(tuned), "org/bare", "--without-report"]) == 0
    assert "report.html" not in hub.files["org/bare", "main"]


def test_a_branch_is_made_and_main_stays_empty(hub: Hub, tuned: Path) -> None:
    assert run(["push", str(tuned), REPO, "--revision", "try/1"]) == 0
    assert not hub.files[REPO, "main"] and "README.md" in hub.files[REPO, "try/1"]
    assert run(["push", str(tuned), REPO, "--revision", "try/1"]) == 0


def test_a_dry_run_lists_what_would_go_and_asks_nobody(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["push", str(tuned), REPO, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    sizes = {each["file"]: each["bytes"] for each in told["files"]}
    assert sizes["adapter_model.safetensors"] == len(WEIGHTS) and told["bytes"] == sum(sizes.values())
    assert {each["stays_here"] for each in told["kept_back"]} >= {"predictions.parquet", "record.json"}
    assert not hub.asked
    assert run(["push", str(tuned), REPO, "--dry-run"]) == 0
    assert "5 files, 0.2 MB, to the model org/name; 4 files or folders stay here" in capsys.readouterr().out


def test_a_push_that_broke_off_goes_on(hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What arrived is not sent again, and until all is there the repository shows nothing."""
    hub.refuse = {f"/api/models/{REPO}/commit/": 500}
    assert run(["push", str(tuned), REPO]) == 1
    assert "the same command goes on" in capsys.readouterr().err
    before = hub.puts()
    assert before >= 1 and not hub.files[REPO, "main"]
    hub.refuse = {}
    assert run(["push", str(tuned), REPO]) == 0
    assert hub.puts() == before and hub.content(REPO, "adapter_model.safetensors") == WEIGHTS


def test_a_connection_that_breaks_is_one_line(hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.breaks_at = f"/api/models/{REPO}/commit/"
    assert run(["push", str(tuned), REPO]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"unseen: {REPO}: the connection broke") and told.endswith("the same command goes on")


def test_pushing_the_same_again_changes_nothing(hub: Hub, tuned: Path) -> None:
    assert run(["push", str(tuned), REPO]) == 0
    sent, puts = dict(hub.files[REPO, "main"]), hub.puts()
    assert run(["push", str(tuned), REPO]) == 0
    assert hub.files[REPO, "main"] == sent and hub.puts() == puts


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/api/repos/create", 403, "the hub does not let this token write there (403)"),
        (f"/api/models/{REPO}/preupload", 404, "the hub has no such repository, or hides it from this token (404)"),
        (f"/api/models/{REPO}/commit", 400, "the hub refused it (no)"),
        (f"/api/models/{REPO}/commit", 409, "the hub has a change that came in between"),
        (f"/api/models/{REPO}/commit", 413, "the hub takes no request or file of this size (413)"),
    ],
)
def test_what_the_hub_refuses_is_one_line(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str], path: str, status: int, told: str
) -> None:
    hub.refuse = {path: status}
    assert error(capsys, str(tuned), REPO).startswith(f"{REPO}: {told}")


def test_a_token_comes_from_a_file_and_a_wrong_one_is_told(
    hub: Hub, tuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert error(capsys, str(tuned), REPO).startswith(f"{REPO}: the hub does not know this token (401)")
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert run(["push", str(tuned), REPO, "--token-file", str(tmp_path / "token")]) == 0
    capsys.readouterr()
    (tmp_path / "token").write_text("two words")
    assert "does not hold a token" in error(capsys, str(tuned), REPO, "--token-file", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN")
    assert error(capsys, str(tuned), REPO).startswith(f"{REPO}: there is no token for the hub; set HF_TOKEN")


def test_without_network_it_is_told_at_once(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        assert "the hub cannot be reached from here" in error(capsys, str(tuned), REPO)


def test_a_file_that_is_too_large_is_told_before_anything_is_sent(
    hub: Hub, tuned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_upload, "LARGEST", 1000)
    assert "adapter_model.safetensors: has" in error(capsys, str(tuned), REPO, "--without-report")
    assert not hub.asked


def test_a_catalog_goes_without_its_rows(hub: Hub, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["push", str(catalog), REPO]) == 0
    assert hub.repos[REPO]["type"] == "dataset" and set(hub.files[REPO, "main"]) == {"README.md", "notes.yaml"}
    card = hub.content(REPO, "README.md").decode()
    assert (
        card.startswith("---\nlicense: mit\nlanguage:\n- en\n") and "| sentiment/notes | 1 | en | MIT | notes |" in card
    )
    assert run(["push", str(catalog), REPO, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "may hold rows; --with-rows sends it" in told and "is hidden" in told


def test_a_catalog_with_rows_can_be_asked_from_where_it_went(hub: Hub, catalog: Path, tmp_path: Path) -> None:
    assert run(["push", str(catalog), REPO, "--with-rows"]) == 0
    there = tmp_path / "there"
    for path in hub.files[REPO, "main"]:
        (there / path).parent.mkdir(parents=True, exist_ok=True)
        (there / path).write_bytes(hub.content(REPO, path))
    assert run(["render", "sentiment/notes", "--check", "--catalog", str(there)]) == 0


def test_a_link_to_a_file_elsewhere_is_never_sent(
    hub: Hub, tuned: Path, catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that comes from others may hold a link to any file of one's own."""
    (tmp_path / "key").write_text("a private key")
    (tuned / "model" / "notes.txt").symlink_to(tmp_path / "key")
    assert "notes.txt: is a link out of the run's folder" in error(capsys, str(tuned), REPO)
    (catalog / "LICENSE").symlink_to(tmp_path / "key")
    assert run(["push", str(catalog), REPO, "--with-rows", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "LICENSE" in said and "is a link out of the catalog's folder" in said
    assert run(["push", str(catalog), REPO, "--with-rows"]) == 0
    assert "LICENSE" not in hub.files[REPO, "main"]


def test_what_cannot_be_pushed_is_one_line(tuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is neither a run nor a catalog" in error(capsys, str(tmp_path), REPO)
    assert "is no hub id; write org/name" in error(capsys, str(tuned), "name-alone")
    assert "is no hub id; write org/name" in error(capsys, str(tuned), "org/name@main")
    (tuned / "model" / "unseen.json").unlink()
    assert "left no model" in error(capsys, str(tuned), REPO)
