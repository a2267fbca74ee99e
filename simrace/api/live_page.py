"""The page Live: plain HTML, its script and its style; what it shows comes over a request that stays open."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, StreamingResponse

from simrace.api.problems import responses
from simrace.api.watch import Watch

PAGE_PATHS = ("/live", "/live/page.js", "/live/page.css")  # they hold no data, and are open to all
EVENTS_PATH = "/api/v1/live"
LOOKS_EVERY_S = 0.1
LONGEST_S = 600.0  # then the page asks again
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'"
_FILES = Path(__file__).with_name("pages")
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}


def add_live_page(app: FastAPI, watch: Watch) -> None:
    """Add the addresses of the page.

    Args:
        app: The application.
        watch: What is shown.
    """

    def page(file: str) -> FileResponse:
        headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
        return FileResponse(_FILES / file, headers=headers, media_type=_TYPES[file.rpartition(".")[2]])

    @app.get("/live", include_in_schema=False)
    def live() -> FileResponse:
        return page("live.html")

    @app.get("/live/page.js", include_in_schema=False)
    def script() -> FileResponse:
        return page("live.js")

    @app.get("/live/page.css", include_in_schema=False)
    def style() -> FileResponse:
        return page("live.css")

    @app.get(EVENTS_PATH, response_class=StreamingResponse, responses=responses())
    async def events() -> StreamingResponse:
        """What is driven now, as lines of JSON, one about each second; the page /live reads them."""

        async def lines() -> AsyncIterator[str]:
            watcher, ends_at = watch.watcher(), time.monotonic() + LONGEST_S
            try:
                while time.monotonic() < ends_at and not watch.is_ending:
                    if event := watcher.news():
                        yield json.dumps(event, separators=(",", ":"), default=str) + "\n"
                    await asyncio.sleep(LOOKS_EVERY_S)
            finally:
                watcher.close()

        return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})
