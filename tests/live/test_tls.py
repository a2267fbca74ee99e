"""MQTT and Kafka by TLS, with a password: a broker whose certificate is not trusted is not read, and it is said why."""

import base64
import hashlib
import ipaddress
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from confluent_kafka import Producer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from simrace.database.connection import ConnectionParameters
from tests.live.brokers import mock_kafka, mosquitto
from tests.live.conftest import Begin, end, frame, patient, wait_for
from tests.live.kafka_door import kafka_door
from tests.live.test_brokers import needs_mosquitto

USER, PASSWORD = "garage", "of the garage"


def certificate(folder: Path) -> None:
    """A certificate of 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test of simrace")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    made = made.add_extension(address, False).add_extension(x509.BasicConstraints(True, None), True)
    plain = serialization.NoEncryption()
    folder.mkdir()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    signed = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "certificate.pem").write_bytes(signed)


def password_line() -> str:
    """As mosquitto_passwd writes it."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 101)
    return f"{USER}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A broker that wants TLS and a password: its port, and its certificate."""
    certificate(tmp_path / "own")
    (tmp_path / "passwords").write_text(password_line(), "utf-8")
    (tmp_path / "passwords").chmod(0o600)
    own = tmp_path / "own"
    more = [f"certfile {own / 'certificate.pem'}", f"keyfile {own / 'key.pem'}", "allow_anonymous false"]
    with mosquitto(tmp_path, *more, f"password_file {tmp_path / 'passwords'}") as port:
        yield port, own / "certificate.pem"


@needs_mosquitto
def test_frames_come_by_mqtt_and_tls(
    broker: tuple[int, Path], live: Begin, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, authority = broker
    monkeypatch.setenv("SIMRACE_MQTT_PASSWORD", PASSWORD)
    reader = live(f"mqtts://{USER}@127.0.0.1:{port}/pits/#?ca={authority}")
    client, ask, number = mqtt.Client(CallbackAPIVersion.VERSION2), patient(database), iter(range(1_000))
    client.username_pw_set(USER, PASSWORD)
    client.tls_set(str(authority))
    client.connect("127.0.0.1", port)
    client.loop_start()

    def has_come() -> bool:  # none that is sent before the reader has subscribed
        client.publish("pits/car", json.dumps(frame(next(number))), qos=1)
        return bool(ask())

    wait_for(has_come)
    client.disconnect()
    client.loop_stop()
    end(reader)


@needs_mosquitto
@pytest.mark.parametrize(
    ("options", "password", "said"),
    [
        ("", PASSWORD, "the certificate of 127.0.0.1 is not trusted"),
        ("?ca={other}", PASSWORD, "the certificate of 127.0.0.1 is not trusted"),
        ("?ca={own}", "another", "the broker refuses: Not authorized"),
    ],
)
def test_a_broker_that_is_not_trusted_or_does_not_trust_is_not_read(
    options: str,
    password: str,
    said: str,
    broker: tuple[int, Path],
    live: Begin,
    database: ConnectionParameters,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    port, own = broker
    certificate(tmp_path / "other")
    monkeypatch.setenv("SIMRACE_MQTT_PASSWORD", password)
    address = options.format(own=own, other=tmp_path / "other" / "certificate.pem")
    reader = live(f"mqtts://{USER}@127.0.0.1:{port}/pits/#{address}")
    assert reader.stderr
    assert any(said in line.decode() for line in reader.stderr)
    end(reader)


def test_a_file_that_holds_no_certificate_is_told(live: Begin, database: ConnectionParameters, tmp_path: Path) -> None:
    reader = live(f"mqtts://127.0.0.1:1/pits/#?ca={tmp_path / 'missing.pem'}")
    _, told = reader.communicate(timeout=60)
    assert reader.returncode == 1
    assert "is no file with certificates" in told.decode()


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A broker that wants TLS and a password: its address, and the folder of its certificate."""
    own = tmp_path / "own"
    certificate(own)
    with mock_kafka() as plain, kafka_door(plain, own, USER, PASSWORD) as address:
        made = Producer({"bootstrap.servers": plain, "log_level": 0})
        for number in range(100):
            made.produce("telemetry", json.dumps(frame(number)).encode())
        assert made.flush(10) == 0
        yield address, own


def test_frames_come_by_kafka_and_tls(
    kafka: tuple[str, Path], live: Begin, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, own = kafka
    monkeypatch.setenv("SIMRACE_KAFKA_PASSWORD", PASSWORD)
    reader = live(f"kafka://{USER}@{address}/telemetry?ca={own / 'certificate.pem'}")
    ask = patient(database)
    wait_for(lambda: len(ask()) == 100)
    end(reader)


@pytest.mark.parametrize(
    ("options", "password", "said"),
    [
        ("", PASSWORD, "by TLS: SSL handshake failed"),
        ("?ca={other}", PASSWORD, "ca=FILE in the address names the authority"),
        ("?ca={own}", "another", "127.0.0.1 does not take garage with the password in SIMRACE_KAFKA_PASSWORD"),
        ("?ca=missing.pem", PASSWORD, "librdkafka does not take the options"),
    ],
)
def test_a_cluster_that_is_not_trusted_or_does_not_trust_is_not_read(
    options: str,
    password: str,
    said: str,
    kafka: tuple[str, Path],
    live: Begin,
    database: ConnectionParameters,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    address, own = kafka
    certificate(tmp_path / "other")
    monkeypatch.setenv("SIMRACE_KAFKA_PASSWORD", password)
    options = options.format(own=own / "certificate.pem", other=tmp_path / "other" / "certificate.pem")
    reader = live(f"kafka://{USER}@{address}/telemetry{options}")
    _, told = reader.communicate(timeout=60)
    assert reader.returncode == 1
    assert said in told.decode()
