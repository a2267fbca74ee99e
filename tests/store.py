"""A store of objects on this machine, for tests that read and write addresses."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from ingestion import remote

pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")

BUCKET = "laps"
STORE_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
Answer = Iterable[bytes]
Fault = Callable[[WSGIEnvironment, Callable[[], Answer], StartResponse], Answer]


class Store:
    """A store of objects on this machine: what was asked of it, and faults that it has for a while."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self._app = DomainDispatcherApplication(create_backend_app)
        self.asked: list[tuple[str, str]] = []
        self.fault: Fault | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",  # noqa: S106 - of a store on this machine
        )
        self.client.create_bucket(Bucket=BUCKET)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Answer:
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if self.fault is None:
            return self._app(environ, start)
        body = self.fault(environ, lambda: self._app(environ, start), start)
        # An answer to HEAD has no body: what is sent all the same is taken for the beginning of the next answer.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

    def put(self, **objects: bytes) -> None:
        for key, data in objects.items():
            self.client.put_object(Bucket=BUCKET, Key=key.replace("__", "/").replace("_dot_", "."), Body=data)

    def got(self) -> list[str]:
        """Keys of which bytes were asked for since the last call."""
        keys = [path.removeprefix(f"/{BUCKET}/") for method, path in self.asked if method == "GET"]
        self.asked.clear()
        return [key for key in keys if key not in ("", f"/{BUCKET}")]

    def stop(self) -> None:
        self._server.shutdown()


@pytest.fixture(scope="module", name="one_store")
def one_store_of_tests() -> Iterator[Store]:
    made = Store()
    yield made
    made.stop()


@pytest.fixture(name="store")
def store_of_a_test(one_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """Empty, with credentials where everybody has them."""
    for name, value in zip(STORE_VARIABLES, (one_store.url, "a", "b", "us-east-1"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.0)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    one_store.fault = None
    bucket = backend().buckets[BUCKET]
    bucket.keys = type(bucket.keys)()
    one_store.asked.clear()
    return one_store


def backend() -> Any:
    """What holds the objects."""
    from moto.s3.models import s3_backends

    return s3_backends["123456789012"]["aws"]
