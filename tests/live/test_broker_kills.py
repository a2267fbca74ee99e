"""kill -9 of the broker itself, with and without saving on every change: what mosquitto saved is what counts.

Of Kafka no broker that stores was found that can be installed as a package: docs/live.md says what was tried.
"""

import json
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simrace.database.connection import ConnectionParameters
from tests.live.brokers import Mosquitto, free_port
from tests.live.conftest import Begin, frame, patient, wait_for
from tests.live.test_brokers import has_subscribed, needs_mosquitto

pytestmark = pytest.mark.slow
QUEUED = 2_000


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
