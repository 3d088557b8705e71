"""Tables on a terminal: words of a usual length stay whole on a narrow one, long cells fold."""

from __future__ import annotations

import pytest

from unseen.reporting import terminal


@pytest.mark.parametrize("columns", [40, 200])
def test_words_stay_whole_on_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(terminal, "_on_terminal", lambda: True)
    record = {
        "task": "formatted_text/harbour_requests",
        "metric": "python_dict",
        "new rows": "[83.3, 91.7]",
        "why": "a " * 60,
    }
    terminal.print_table([record, {**record, "task": "short"}], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["task", "metric", "new", "rows", "why"]
    assert sum("python_dict" in line and "[83.3, 91.7]" in line for line in lines) == 2
    assert max(len(line.rstrip()) for line in lines) <= max(columns, 79)
