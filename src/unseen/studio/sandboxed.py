"""Pages that lie in run folders, which may come from elsewhere and hold anything: they run nothing and ask nobody."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import HTMLResponse, Response

from unseen.errors import DataMistake

MOST = 50 << 20  # bytes of a page that is shown
POLICY = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "unsafe-none",  # browsers refuse to open a sandboxed page under any other
}


def sandboxed(page: str) -> Response:
    """The page under a policy that lets it do nothing but be read: no script, no request, no origin."""
    return HTMLResponse(page, headers=POLICY)


def page_in(folder: Path, since: int = 0) -> str | None:
    """report.html of a folder, where it was written after `since` (nanoseconds) and is a file of the folder itself: a
    link could lead anywhere. Raises `DataMistake` for one that is too large."""
    file = folder / "report.html"
    if not file.is_file() or file.resolve().parent != folder.resolve() or file.stat().st_mtime_ns < since:
        return None
    if file.stat().st_size > MOST:
        raise DataMistake(str(file), f"is over {MOST >> 20} MB", "open it in the browser")
    return file.read_text(encoding="utf-8", errors="replace")
