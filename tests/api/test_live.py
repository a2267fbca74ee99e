"""Live frames that are pushed, by requests and through a socket."""

import json
import time
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from simrace.database.connection import ConnectionParameters
from tests.api.conftest import Api
from tests.live.conftest import frame, kept, query

PATH = "/api/v1/live/pits"


def lines(*numbers: int, **more: object) -> str:
    return "\n".join(json.dumps(frame(number, **more)) for number in numbers)


def test_frames_are_in_the_database_when_the_answer_comes(api: Api, database: ConnectionParameters) -> None:
    first = api.ask("POST", PATH, data=lines(1, 2))
    assert (first.status_code, first.json()) == (200, {"frames": 2, "repeated": 0, "refused": 0, "reason": ""})
    assert kept(database) == [1, 2]
    again = api.ask("POST", PATH, data=lines(2, 3) + "\nnonsense")
    assert again.json() | {"reason": ""} == {"frames": 1, "repeated": 1, "refused": 1, "reason": ""}
    assert again.json()["reason"].startswith("not_json: ")
    assert kept(database) == [1, 2, 3]
    assert query(database, "select distinct stream from raw.live_frames") == [("push/pits",)]
    assert query(database, "select next_offset from raw.live_sources") == [(2,)]


def test_what_is_no_frame_is_told_and_kept_apart(api: Api, database: ConnectionParameters) -> None:
    answer = api.ask("POST", PATH, data="nonsense").json()
    assert (answer["frames"], answer["refused"]) == (0, 1)
    assert answer["reason"].startswith("not_json: ")
    assert query(database, "select reason, stream from raw.live_quarantine") == [("not_json", "push/pits")]
    assert api.ask("POST", "/api/v1/live/a%20b", data=lines(1)).status_code == 422
    assert api.ask("POST", PATH, data="x" * 2_000_000).status_code == 413
    assert kept(database) == []


def test_a_server_that_begins_again_goes_on(serve: Callable[..., Api], database: ConnectionParameters) -> None:
    first, second = serve(), serve()
    assert first.ask("POST", PATH, data=lines(1)).status_code == 200
    taken = second.ask("POST", PATH, data=lines(2))
    assert taken.status_code == 503
    assert "reads push" in taken.json()["detail"]
    assert kept(database) == [1]


def test_a_socket_answers_each_message_after_its_commit(api: Api, database: ConnectionParameters) -> None:
    address = f"ws://127.0.0.1:{api.port}{PATH}"
    with connect(address, additional_headers=api.headers) as socket:
        socket.send(lines(1, 2, car_key="7"))
        assert json.loads(socket.recv(20)) == {"frames": 2, "repeated": 0, "refused": 0, "reason": ""}
        socket.send(lines(2, 3, car_key="7").encode())
        assert json.loads(socket.recv(20))["repeated"] == 1
        assert kept(database) == [1, 2, 3]
    assert query(database, "select distinct stream from raw.live_frames") == [("push/pits/7",)]
    with (
        connect(f"ws://127.0.0.1:{api.port}/api/v1/live/a%20b", additional_headers=api.headers) as socket,
        pytest.raises(ConnectionClosed, match="has a name"),
    ):
        socket.send(lines(1))
        socket.recv(20)


def test_a_socket_may_send_ahead_of_its_answers(api: Api, database: ConnectionParameters) -> None:
    with connect(f"ws://127.0.0.1:{api.port}{PATH}", additional_headers=api.headers) as socket:
        for count in range(1, 21):
            socket.send(lines(*range(100 * count, 101 * count)))
        assert [json.loads(socket.recv(20))["frames"] for _ in range(20)] == list(range(1, 21))
        assert len(kept(database)) == sum(range(1, 21))
        socket.send(lines(1))  # and leaves
    patient = time.monotonic() + 20
    while 1 not in kept(database):
        assert time.monotonic() < patient, "what was sent before a socket was closed is kept"
        time.sleep(0.1)


def test_a_socket_needs_what_a_request_needs(serve: Callable[..., Api], database: ConnectionParameters) -> None:
    guarded, local = serve(), serve(token="")
    for api, headers in (
        (guarded, {}),
        (guarded, {"Authorization": "Bearer another"}),
        (local, {"Origin": "https://somewhere.example"}),
    ):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://127.0.0.1:{api.port}{PATH}", additional_headers=headers).__enter__()
    with connect(f"ws://127.0.0.1:{local.port}{PATH}"):
        pass
    assert guarded.session.post(guarded.url + PATH, data=lines(1)).status_code == 401
