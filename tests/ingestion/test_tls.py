"""The TLS settings of a URL hold for all three that connect: simrace itself, dlt and dbt.

The embedded server is built without TLS, so a small gate stands before it: it speaks TLS with a certificate made for
the test, lets nobody in without one, and passes on everything else.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from ingestion.loading import Loader
from simrace.database.connection import ConnectionParameters
from simrace.database.server import Server
from simrace.database.settings import parse_url

ROOT = Path(__file__).parents[2]
TLS_ASKED = b"\0\0\0\x08\x04\xd2\x16\x2f"  # libpq's first message when it wants TLS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an authority and another one, and of what the first signed: a server's and a client's."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "extensions").write_text("subjectAltName = IP:127.0.0.1\n")
    new = ("req", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    for name in ("authority", "stranger"):
        openssl(folder, *new, "-x509", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    signed = ("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "extensions")
    for name in ("server", "client"):
        openssl(folder, *new[:-2], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed, "-days", "2")
    (folder / "client.key").chmod(0o600)
    return folder


class Gate:
    """Where TLS ends.

    Attributes:
        port: On which it listens.
        seen: For each connection that came through the subject of the client's certificate.
    """

    def __init__(self, certificates: Path, target: Server) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.context.load_verify_locations(certificates / "authority.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.target = (target.host, target.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if client.recv(8, socket.MSG_WAITALL) != TLS_ASKED:
                return  # nobody comes in without
            client.sendall(b"S")
            with self.context.wrap_socket(client, server_side=True) as inner:
                if not (first := inner.recv(65_536)):
                    return  # the client did not like what it saw
                with socket.create_connection(self.target) as server:
                    subject = dict(pair for pairs in inner.getpeercert()["subject"] for pair in pairs)  # type: ignore[index,misc]
                    self.seen.append(str(subject["commonName"]))
                    server.sendall(first)
                    back = threading.Thread(target=_hand_on, args=(server, inner), daemon=True)
                    back.start()
                    _hand_on(inner, server)
                    back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def gate(landing_server: Server, certificates: Path) -> Iterator[Gate]:
    made = Gate(certificates, landing_server)
    yield made
    made.listener.close()


@pytest.fixture
def address(gate: Gate, landing_server: Server, certificates: Path) -> Callable[..., str]:
    def url(host: str = "127.0.0.1", **settings: str) -> str:
        settings = {
            "sslmode": "verify-full",
            "sslrootcert": str(certificates / "authority.pem"),
            "sslcert": str(certificates / "client.pem"),
            "sslkey": str(certificates / "client.key"),
        } | settings
        parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in settings.items() if value)
        password = quote(landing_server.settings["password"], safe="")
        return f"postgresql://simrace:{password}@{host}:{gate.port}/simrace?{parameters}"

    return url


def by_simrace(url: str, folder: Path) -> None:
    with closing(ConnectionParameters(parse_url(url)).connect()) as connection:
        connection.cursor().execute("select 1")


def by_dlt(url: str, folder: Path) -> None:
    with Loader(folder, url, "tls").pipeline.sql_client() as client:
        client.execute_sql("select 1")


def by_dbt(url: str, folder: Path) -> None:
    hidden = ("SIMRACE_", "PG", "DBT_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    done = subprocess.run(
        [Path(sys.executable).parent / "simrace", "dbt", "debug", "--connection", "--log-path", folder],
        cwd=ROOT,
        env={**environment, "SIMRACE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConnectionError(done.stdout)


WAYS = [by_simrace, by_dlt, by_dbt]


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_is_shown_and_one_is_asked_for(
    gate: Gate, address: Callable[..., str], way: Callable[[str, Path], None], tmp_path: Path
) -> None:
    before = len(gate.seen)
    way(address(), tmp_path)
    assert set(gate.seen[before:]) == {"client"}


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_a_stranger_vouches_for_is_left(
    gate: Gate, address: Callable[..., str], certificates: Path, way: Callable[[str, Path], None], tmp_path: Path
) -> None:
    before = len(gate.seen)
    with pytest.raises(Exception, match="certificate verify failed"):
        way(address(sslrootcert=str(certificates / "stranger.pem")), tmp_path)
    assert len(gate.seen) == before


def test_the_name_of_the_server_counts_where_it_is_asked_for(
    gate: Gate, address: Callable[..., str], tmp_path: Path
) -> None:
    by_simrace(address("localhost", sslmode="verify-ca"), tmp_path)
    with pytest.raises(Exception, match="does not match host name"):
        by_simrace(address("localhost"), tmp_path)


@pytest.mark.parametrize("missing", [{"sslmode": "disable"}, {"sslcert": "", "sslkey": ""}])
def test_without_tls_or_a_certificate_nobody_comes_in(
    gate: Gate, address: Callable[..., str], missing: dict[str, str], tmp_path: Path
) -> None:
    """So the connections above had both."""
    before = len(gate.seen)
    with pytest.raises(Exception, match="No connection to simrace at"):
        by_simrace(address(**missing), tmp_path)
    assert len(gate.seen) == before
