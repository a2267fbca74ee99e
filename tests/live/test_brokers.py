"""`simrace live` with real servers over TCP: what is sent is kept once, whoever is killed meanwhile."""

import json
import os
import random
import signal
import socket
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from confluent_kafka import Producer
from paho.mqtt.enums import CallbackAPIVersion
from websockets.sync.server import ServerConnection, serve

from simrace.database import server
from simrace.database.connection import ConnectionParameters
from tests.live.brokers import MOSQUITTO, free_port, mock_kafka, mosquitto
from tests.live.conftest import Ask, Begin, end, frame, patient, query, sending, wait_for
from tests.live.test_frames import packet

needs_mosquitto = pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")
CARS = 3


def kill_server(database: ConnectionParameters, postmaster: bool) -> None:
    """Kill the process that writes the reader's transactions, after which the server recovers; or all of the server."""
    if postmaster:
        folder = Path(str(query(database, "show data_directory")[0][0]))
        os.kill(int((folder / "postmaster.pid").read_text("utf-8").split()[0]), signal.SIGKILL)
        home = os.environ["SIMRACE_HOME"]
        os.environ["SIMRACE_HOME"] = str(folder.parent)
        try:
            server.start(lambda _: None)
        finally:
            os.environ["SIMRACE_HOME"] = home
        return
    found = query(database, "select pid from pg_stat_activity where application_name = 'simrace live'")
    for (pid,) in found:
        os.kill(pid, signal.SIGKILL)


def strike(
    live: Begin,
    address: str,
    database: ConnectionParameters,
    victims: list[str],
    seed: int,
) -> None:
    """Kill the reader or the server again and again while frames come in."""
    chosen, ask = random.Random(seed), patient(database)  # noqa: S311 - nobody is to be kept from guessing
    reader = live(address)
    for victim in victims:
        before = len(ask())
        wait_for(lambda before=before: len(ask()) > before)  # type: ignore[misc]
        time.sleep(chosen.random() * 0.3)
        if victim == "reader":
            reader.kill()
            reader.wait()
            reader = live(address)
        else:
            kill_server(database, postmaster=victim == "postmaster")
            assert reader.poll() is None


def assert_kept(ask: Ask, number: int) -> None:
    wait_for(lambda: len(ask()) >= number, 60)
    time.sleep(0.3)
    found = ask()
    assert sorted(found) == list(range(number))
    assert len(found) == number


FEW = ["reader", "backend", "reader"]
MANY = ["reader", "backend"] * 17 + ["postmaster", "reader"] * 3


@pytest.mark.parametrize("victims", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def test_kafka_loses_and_repeats_nothing(victims: list[str], live: Begin, database: ConnectionParameters) -> None:
    """Without a sequence: the offset alone tells what was read."""
    with mock_kafka() as broker:
        producer = Producer({"bootstrap.servers": broker, "linger.ms": 5, "log_level": 0})
        producer.list_topics("telemetry", timeout=10)

        def send(each: int) -> None:
            plain = {"elapsed_s": each / 50, "speed_kph": 100, "number": each}
            producer.produce("telemetry", json.dumps(plain), key=f"car-{each % CARS}")
            producer.poll(0)

        with sending(send) as sent:
            strike(live, f"kafka://{broker}/telemetry", database, victims, seed=len(victims))
        producer.flush()
        assert_kept(patient(database, "number"), len(sent))
    assert query(database, "select count(*) from raw.live_streams") == [(CARS,)]


@needs_mosquitto
@pytest.mark.parametrize("victims", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def test_mqtt_loses_and_repeats_nothing_that_has_a_sequence(
    victims: list[str], live: Begin, database: ConnectionParameters, tmp_path: Path
) -> None:
    with mosquitto(tmp_path) as port:
        address = f"mqtt://127.0.0.1:{port}/pits/#"
        first = live(address)  # a broker keeps messages for those whom it knows
        wait_for(lambda: bool(has_subscribed(port)))
        first.kill()
        first.wait()
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", port)
        client.loop_start()

        def send(each: int) -> None:
            client.publish(f"pits/car-{each % CARS}", json.dumps(frame(each)), qos=1)

        with sending(send) as sent:
            strike(live, address, database, victims, seed=1)
        assert_kept(patient(database), len(sent))
        client.disconnect()
        client.loop_stop()


def has_subscribed(port: int) -> bool:
    """Whether the reader's subscription is there: a message to it is acknowledged as one that somebody wants."""
    reasons: list[Any] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_publish = lambda _client, _data, _mid, reason, _properties: reasons.append(reason)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish("pits/nobody", b"no frame", qos=1).wait_for_publish(5)
    with suppress(AssertionError):
        wait_for(lambda: bool(reasons), 2)
    client.disconnect()
    client.loop_stop()
    return bool(reasons) and reasons[0] == 0  # 16 is "no matching subscribers"


def test_the_cars_of_udp_and_of_a_socket_come_in(live: Begin, database: ConnectionParameters) -> None:
    """One reader of two sources; the socket breaks between two of its frames, and is found again."""
    connections: list[int] = []
    is_over = threading.Event()

    def answer(connection: ServerConnection) -> None:
        connections.append(1)
        connection.send(json.dumps([frame(len(connections)), frame(len(connections))]))
        if len(connections) > 1:
            is_over.wait(20)

    port, ask = free_port(), patient(database)
    with serve(answer, "127.0.0.1", 0) as listening, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        reader = live(f"udp://127.0.0.1:{port}", f"ws://127.0.0.1:{listening.socket.getsockname()[1]}/live?name=pits")
        wait_for(lambda: len(ask()) == 2)
        for number in range(50):
            sender.sendto(packet("forza_udp", 331, IsRaceOn=1, TimestampMS=number * 16), ("127.0.0.1", port))
        wait_for(lambda: len(ask()) == 52)
        is_over.set()
        end(reader)
        listening.shutdown()
    counts = dict(query(database, "select source, counts from raw.live_sources"))
    assert counts[f"udp:{port}"] == {"frames": 50}
    assert counts["ws:pits"] == {"frames": 2, "repeated": 2}


def test_a_topic_that_was_made_anew_is_read_from_its_start_and_it_is_said(
    live: Begin, database: ConnectionParameters
) -> None:
    ask = patient(database)
    with mock_kafka() as broker:
        producer = Producer({"bootstrap.servers": broker, "log_level": 0})
        producer.list_topics("telemetry", timeout=10)
        producer.produce("telemetry", json.dumps(frame(1)), key="car")
        producer.flush()
        reader = live(f"kafka://{broker}/telemetry")
        wait_for(lambda: ask() == [1])
        end(reader)
        with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute("update raw.live_sources set next_offset = 900")
        producer.produce("telemetry", json.dumps(frame(2)), key="car")
        producer.flush()
        reader = live(f"kafka://{broker}/telemetry")
        wait_for(lambda: ask() == [1, 2])
        said = end(reader)
    assert "offset 900 is not there any more" in said
    assert query(database, "select counts from raw.live_sources") == [({"frames": 2, "repeated": 1},)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("amqp://localhost/x", "is no source"),
        ("localhost/x", "is no address"),
        ("mqtt://ann:secret@localhost/x", "which variable takes it"),
        ("mqtt://localhost", "needs a topic"),
        ("mqtt://localhost/x?qos=2", "has no option qos"),
        ("kafka://localhost/x?from=middle", "earliest or latest"),
        ("kafka://localhost/x?nonsense=1", "does not take the options"),
        ("kafka://127.0.0.1:9/x", "no broker that answers"),
        ("udp://127.0.0.1", "needs a port"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_with_a_sentence(
    address: str,
    said: str,
    database: ConnectionParameters,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from typer.testing import CliRunner

    from simrace.cli.app import app
    from simrace.live.sources import kafka

    monkeypatch.setattr(kafka, "FIRST_ANSWER_S", 0.3)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    result = CliRunner().invoke(app, ["live", address])
    assert result.exit_code == 1
    assert said in " ".join((result.output + result.stderr + capfd.readouterr().err).split())
