"""`simrace live`: frames of running cars, from brokers, sockets and games."""

from typing import Annotated

import typer

from simrace.cli.terminal import say_error


def live(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="kafka://HOST/TOPIC, mqtt://HOST/TOPIC, ws://HOST/PATH or udp://:PORT; docs/live.md has them all.",
        ),
    ],
    every: Annotated[float, typer.Option(min=0.05, max=10, help="Seconds from one commit to the next.")] = 0.5,
    silence: Annotated[float, typer.Option(min=1, help="Seconds without a frame that end a session.")] = 60,
) -> None:
    """Land frames while cars drive, until Ctrl-C. Needs the extra `live`."""
    say_error(f"Not yet: {sources}, {every}, {silence}")
    raise typer.Exit(1)
