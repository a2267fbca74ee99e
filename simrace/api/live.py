"""Live frames that are pushed: a reader in a thread of the server, which begins with the first of them."""

import asyncio
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import asdict
from typing import Annotated

from fastapi import FastAPI, Path, Request, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ingestion.errors import ReadableError
from simrace.api.problems import responses
from simrace.build.project import project_directory
from simrace.database.connection import connection_parameters
from simrace.live.inbox import Message, Tally
from simrace.live.reader import Reader
from simrace.operations.commands import say_in_log

SOURCE = "push"
LIVE_PATH = "/api/v1/live/{stream}"
STREAM = r"^[A-Za-z0-9._-]{1,64}$"
WAIT_S = 30.0
MESSAGES_AHEAD = 8  # that a socket may send before the first of them is answered
_FRAMES = {
    "required": True,
    "content": {
        kind: {"schema": {"description": "Frames: a JSON object, an array of them, or one a line; others are refused."}}
        for kind in ("application/json", "application/x-ndjson")
    },
}


class LiveAnswer(BaseModel):
    """What became of the frames; they are in the database."""

    frames: int = Field(description="Kept.")
    repeated: int = Field(description="Of a sequence number that came before.")
    refused: int = Field(description="Kept apart in raw.live_quarantine.")
    reason: str = Field(description="Why the first of these was refused; blank where none was.")


class Pushed:
    """The reader of what is pushed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._thread: threading.Thread | None = None
        self._count = 0

    def submit(self, stream: str, payload: bytes) -> "Future[Tally]":
        """Give frames to the reader; it waits while the reader has no room.

        Raises:
            ReadableError: another server takes what is pushed, or the database cannot be reached.
        """
        done: Future[Tally] = Future()
        with self._lock:
            reader = self._running()
            message = Message(
                SOURCE, self._count, stream, payload, time.time(), is_waited_for=True, done=done.set_result
            )  # fmt: skip
            self._count += 1
            if not reader.inbox.put([message]):
                raise ReadableError("The reader of live frames has ended; send them again.")
        return done

    def _running(self) -> Reader:
        if self._reader and self._thread and self._thread.is_alive():
            return self._reader
        reader = Reader(connection_parameters(say_in_log), project_directory(), say=say_in_log)
        reader.store.open()
        reader.store.hold(SOURCE)
        self._count = reader.source(SOURCE).next_offset
        reader.resume(SOURCE)
        self._thread = threading.Thread(target=_run, args=(reader,), name="live", daemon=True)
        self._thread.start()
        self._reader = reader
        return reader

    def stop(self) -> None:
        """Write what came, and end."""
        if self._reader and self._thread:
            self._reader.stop()
            self._thread.join(WAIT_S)


def _run(reader: Reader) -> None:
    try:
        reader.run()
    except Exception as error:
        say_in_log(f"The reader of live frames has ended: {error}")


def add_live_routes(app: FastAPI, pushed: Pushed) -> None:
    """Add the address that frames are pushed to, by requests or through a socket."""

    @app.post(LIVE_PATH, openapi_extra={"requestBody": _FRAMES}, responses=responses(400, 413, 422, 503))
    async def push_frames(request: Request, stream: Annotated[str, Path(pattern=STREAM)]) -> LiveAnswer:
        """Take live frames and say what became of each; the answer comes when the database has them.

        What is no frame is counted as refused, and the others go on. A request that failed may be sent again.
        """
        return LiveAnswer(**asdict(await _tally(await _submit(pushed, stream, await request.body()))))

    @app.websocket(LIVE_PATH)
    async def push_through_socket(socket: WebSocket, stream: str) -> None:
        """Take live frames, a message each time; each is answered, in their order, when the database has it.

        The next may be sent before the answer to the last: some are read ahead, and the rest wait in the network.
        """
        await socket.accept()
        submitted: asyncio.Queue[Future[Tally]] = asyncio.Queue(MESSAGES_AHEAD)

        async def answer() -> None:
            while True:
                await socket.send_json(asdict(await _tally(await submitted.get())))

        async def receive() -> None:
            while (received := await socket.receive())["type"] != "websocket.disconnect":
                payload = received.get("bytes") or (received.get("text") or "").encode()
                await submitted.put(await _submit(pushed, stream, payload))

        working = [asyncio.create_task(work()) for work in (answer, receive)]
        try:
            await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for ended in (task for task in working if task.done()):
                ended.result()
        except WebSocketDisconnect:
            return
        except HTTPException as error:
            await socket.close(1013 if error.status_code == 503 else 1008, str(error.detail)[:100])
        finally:
            for task in working:
                task.cancel()


async def _submit(pushed: Pushed, stream: str, payload: bytes) -> "Future[Tally]":
    if not re.fullmatch(STREAM, stream):  # of a socket; a request is judged before
        raise HTTPException(422, "A stream has a name of 1 to 64 letters, digits, points, - and _.")
    try:
        return await run_in_threadpool(pushed.submit, stream, payload)
    except ReadableError as error:
        raise HTTPException(503, str(error).partition("\n")[0], {"Retry-After": "5"}) from error


async def _tally(future: "Future[Tally]") -> Tally:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), WAIT_S)
    except TimeoutError:
        detail = "The database is slow; send the same again: frames with a sequence are kept once."
        raise HTTPException(503, detail, {"Retry-After": "5"}) from None
