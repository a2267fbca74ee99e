"""Where frames come from: each source receives in a thread of its own and puts messages into the reader's inbox."""

from simrace.live.sources.address import Address, AddressError, Receiver

__all__ = ["Address", "AddressError", "Receiver", "open_source"]


def open_source(url: str) -> Receiver:
    """The receiver of a source.

    Args:
        url: Such as `kafka://localhost/telemetry`; docs/live.md has them all.

    Raises:
        AddressError: it is none that is known.
        ImportError: a library of the extra `live` is missing.
    """
    address = Address.read(url)
    if address.scheme == "kafka":
        from simrace.live.sources.kafka import Kafka

        return Kafka(address)
    if address.scheme in ("mqtt", "mqtts"):
        from simrace.live.sources.mqtt import Mqtt

        return Mqtt(address)
    if address.scheme in ("ws", "wss"):
        from simrace.live.sources.websocket import WebSocket

        return WebSocket(address)
    if address.scheme == "udp":
        from simrace.live.sources.udp import Udp

        return Udp(address)
    raise AddressError(f"{address.scheme}:// is no source; there are kafka, mqtt, mqtts, ws, wss and udp.")
