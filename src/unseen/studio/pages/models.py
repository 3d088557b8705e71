"""Getting a model that is not on this machine: asked for by a button, done in the background, told while it goes on."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.routing import Route

from unseen.errors import ModelMistake
from unseen.model.folder import resolve
from unseen.model.here import still_to_do
from unseen.reporting.markup import Markup
from unseen.studio.events import Event, followed, streamed
from unseen.studio.reply import Shown, Values, shows, went_to
from unseen.studio.token_form import getting, key_of_model
from unseen.studio.workspace import Workspace

BACK = ("/tokens", "/tokens/text", "/tokens/step")  # pages that ask for models
LONGEST = 500  # characters of a value that is taken back to its page in the address


def routes() -> list[Route]:
    return [Route("/models/get", shows(get), methods=["POST"]), Route("/models/stream", shows(stream))]


def get(workspace: Workspace, values: Values) -> Shown:
    """Begin to get a model, and go back to the page that needs it."""
    name, back = values.get("get", ""), values.get("back", "")
    if back not in BACK or still_to_do(name) is None:
        raise ModelMistake(name[:80], "is nothing that could be got", "name a model on the page of tokens")
    workspace.background.start(key_of_model(name), name, lambda phases: resolve(name, phases=phases))
    kept = {key: value for key, value in values.items() if key not in ("get", "back") and len(value) <= LONGEST}
    return went_to(f"{back}?{urlencode(kept)}")


def stream(workspace: Workspace, values: Values) -> Shown:
    """How far it is; when it is done, the page is asked to load again."""
    job = workspace.background.get(key_of_model(values.get("model", "")))
    if job is None or job.state == "done":
        return streamed(iter([Event("gone")]))

    def show() -> tuple[Markup, bool]:
        return getting(job), job.finished

    return followed(show, after="gone")
