"""Addresses of sources."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from ingestion.errors import ReadableError

if TYPE_CHECKING:
    from simrace.live.reader import Reader


class AddressError(ReadableError):
    """An address of a source that cannot be understood."""


@dataclass(frozen=True)
class Address:
    """A source as people write it: scheme, host, port, path and options. A `#` in the path is one of MQTT's."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, url: str) -> "Address":
        """Read an address.

        Raises:
            AddressError: it is none, or it has a password, which belongs into the environment.
        """
        before, mark, asked = url.partition("?")
        try:
            parts = urlsplit(before.replace("#", "%23"))
            port, host = parts.port, parts.hostname or ""
        except ValueError as error:
            raise AddressError(f"{url} is no address: {error}") from error
        if not parts.scheme or "://" not in url:
            raise AddressError(f"{url} is no address such as kafka://localhost/telemetry")
        if parts.password is not None:
            raise AddressError(
                "A password in an address is seen by everyone; docs/live.md says which variable takes it."
            )
        options = dict(parse_qsl(asked, keep_blank_values=True)) if mark else {}
        path = unquote(parts.path).removeprefix("/")
        return cls(parts.scheme.lower(), host, port, path, unquote(parts.username or ""), options)

    @property
    def name(self) -> str:
        """The name under which positions are kept: option `group` or `name`."""
        return self.options.get("group") or self.options.get("name") or "simrace"

    def allow(self, *options: str) -> None:
        """Refuse other options.

        Raises:
            AddressError: there is another.
        """
        for option in self.options:
            if option not in options:
                raise AddressError(f"{self.scheme}:// has no option {option}; it has {', '.join(options)}.")


class Receiver(Protocol):
    """A source that receives in a thread of its own."""

    label: str  # what no two readers may read at a time

    def prepare(self, reader: "Reader") -> None:
        """Learn where to go on; called in the reader's thread before it runs."""

    def start(self, reader: "Reader", say: Callable[[str], object]) -> None:
        """Begin to receive."""

    def stop(self) -> None:
        """Stop to receive; called after the reader has written all."""
