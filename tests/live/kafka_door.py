"""A door of TLS and a password before a Kafka broker that has neither, such as the mock cluster of librdkafka."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Kinds of requests, and errors, by their numbers in Kafka's protocol.
API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
UNSUPPORTED_VERSION, SASL_AUTHENTICATION_FAILED = 35, 58


@contextmanager
def kafka_door(broker: str, folder: Path, user: str, password: str) -> Iterator[str]:
    """Answer in the place of a broker, by TLS and SASL PLAIN; it gives its address.

    The folder holds certificate.pem and key.pem. Where the broker names its own port, the door's is said, so that a
    client comes back to the door.
    """
    door, port = socket.create_server(("127.0.0.1", 0)), int(broker.rpartition(":")[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    named, own = (b"127.0.0.1" + struct.pack(">i", each) for each in (port, door.getsockname()[1]))

    def carry(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while message := _receive(source):
                _send(to, message.replace(named, own))
        for each in (source, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def answer(plain: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", port)) as inner,
        ):
            if _lets_in(client, inner, f"\0{user}\0{password}".encode()):
                threading.Thread(target=carry, args=(inner, client), daemon=True).start()
                carry(client, inner)

    def work() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=work, daemon=True).start()
    try:
        yield f"127.0.0.1:{door.getsockname()[1]}"
    finally:
        door.close()


def _lets_in(client: socket.socket, inner: socket.socket, expected: bytes) -> bool:
    """Answer until the client has shown who it is. A request is its kind, version, number, name of the client, body."""
    while message := _receive(client):
        kind, version, number, name = struct.unpack_from(">hhih", message)
        head, body = struct.pack(">i", number), message[10 + max(name, 0) :]
        if kind == API_VERSIONS and version > 0:  # the client asks again, by version 0
            _send(client, head + struct.pack(">hi", UNSUPPORTED_VERSION, 0))
        elif kind == API_VERSIONS:
            _send(inner, message)
            known = _receive(inner)[10:] + struct.pack(">6h", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 1)
            _send(client, head + struct.pack(">hi", 0, len(known) // 6) + known)
        elif kind == SASL_HANDSHAKE:
            _send(client, head + struct.pack(">hih", 0, 1, 5) + b"PLAIN")
        elif kind == SASL_AUTHENTICATE and body[4:] == expected:
            _send(client, head + struct.pack(">hhi", 0, 0, 0) + bytes(8 * version))
            return True
        else:
            said = b"the password is wrong"
            error = struct.pack(">hh", SASL_AUTHENTICATION_FAILED, len(said)) + said
            _send(client, head + error + struct.pack(">i", 0) + bytes(8 * version))
            return False
    return False


def _receive(source: socket.socket) -> bytes:
    """One message, nothing at the end."""
    size = _exactly(source, 4)
    return _exactly(source, struct.unpack(">i", size)[0]) if size else b""


def _exactly(source: socket.socket, size: int) -> bytes:
    held = b""
    while len(held) < size:
        came = source.recv(size - len(held))
        if not came:
            return b""
        held += came
    return held


def _send(to: socket.socket, message: bytes) -> None:
    to.sendall(struct.pack(">i", len(message)) + message)
