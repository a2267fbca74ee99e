"""What every request passes: it gets an id and a line in the log, and limits on who, how often and how large."""

import asyncio
import hmac
import logging
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simrace.api.live_page import PAGE_PATHS
from simrace.api.problems import problem
from simrace.api.settings import Settings
from simrace.logs import log_event

UPLOAD_PATH = "/api/v1/upload"
OPEN_PATHS = ("/health", "/docs", "/openapi.json", *PAGE_PATHS)  # without the token: for monitors and browsers
BODY_BYTES = 1 << 20
# A client that is still sending does not read the answer: so much is read and thrown away before the refusal.
LINGER_BYTES, LINGER_S = 32 << 20, 5.0
SILENCE_S = 30.0
CLIENTS_KEPT = 10_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


class Bucket:
    """Requests that each client may still make. They are given back evenly over a minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Count a request. Return the seconds to wait if it is one too many, else 0.

        Args:
            client: Its address.
        """
        if not self._per_minute:
            return 0
        now = self._clock()
        left, at = self._left.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - at) * self._per_minute / 60)
        is_allowed = left >= 1
        self._left[client] = (left - is_allowed, now)
        if len(self._left) > CLIENTS_KEPT:
            self._left.popitem(last=False)
        return 0 if is_allowed else (1 - left) * 60 / self._per_minute


class Gate:
    """The ASGI application in front of the API."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._bucket = Bucket(settings.requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] == "websocket" and self._judge(HTTPConnection(scope)):
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the client sees a 403
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, began, status = Request(scope), time.monotonic(), 0
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request.state.request_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            if refusal := self._refuse(request):
                if "expect" not in request.headers:  # a client that asks whether to send has sent nothing yet
                    await _discard(receive)
                await refusal(scope, receive, send_with_id)
            else:
                await self._app(scope, _limited(receive, self._limit(request)), send_with_id)
        finally:
            log_event(
                "request_ended",
                logging.ERROR if status >= 500 else logging.INFO,
                request_id=request.state.request_id,
                client=_client(request),
                method=request.method,
                path=request.url.path,
                status=status or None,  # none where the client went away
                seconds=round(time.monotonic() - began, 3),
            )

    def _limit(self, request: Request) -> int:
        return self._settings.upload_bytes if request.url.path == UPLOAD_PATH else BODY_BYTES

    def _refuse(self, request: Request) -> Response | None:
        refusal = self._judge(request)
        length = request.headers.get("content-length", "")
        if refusal is None and length.isdecimal() and int(length) > self._limit(request):
            refusal = Refusal(413, _too_large(self._limit(request)), {})
        return problem(request, refusal.status, refusal.detail, refusal.headers) if refusal else None

    def _judge(self, asked: HTTPConnection) -> "Refusal | None":
        """Why a request or a socket is not let in, if it is not."""
        if wait_s := self._bucket.take(_client(asked)):
            detail = f"More than {self._settings.requests_per_minute} requests a minute; wait."
            return Refusal(429, detail, {"Retry-After": str(int(wait_s) + 1)})
        if token := self._settings.token:
            scheme, _, shown = asked.headers.get("authorization", "").partition(" ")
            is_known = scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
            if not is_known and asked.url.path not in OPEN_PATHS:
                return Refusal(401, "Send the token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})
        elif not _is_local(asked):
            return Refusal(403, "Without a token, requests come from programs of this machine, not from pages.", {})
        return None


class Refusal(NamedTuple):
    """Why a request is not let in."""

    status: int
    detail: str
    headers: dict[str, str]


def _is_local(request: HTTPConnection) -> bool:
    """Whether host and origin are this machine; otherwise a foreign web page asks through the user's browser."""
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name in _LOCAL_HOSTS and request.headers.get("origin", f"http://{host}") == f"http://{host}"


def _client(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _too_large(limit: int) -> str:
    return f"The body may have {limit / 1e6:,.0f} MB; send fewer files at once, or packed ones."


def _limited(receive: Receive, limit: int) -> Receive:
    """Read a body while it stays within the limit and keeps coming."""
    size, is_over = 0, False

    async def limited() -> Message:
        nonlocal size, is_over
        if is_over:  # what comes now is that the client went away, which may be in hours
            return await receive()
        try:
            async with asyncio.timeout(SILENCE_S):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"Nothing came for {SILENCE_S:.0f} s; send it again.") from None
        size += len(message.get("body", b""))
        is_over = not message.get("more_body")
        if size > limit:
            if message.get("more_body"):
                await _discard(receive)
            raise HTTPException(413, _too_large(limit))
        return message

    return limited


async def _discard(receive: Receive) -> None:
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while size < LINGER_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
