"""`simrace live`: frames of running cars, from brokers, sockets and games."""

import signal
from contextlib import closing, suppress
from typing import Annotated

import typer

from simrace.build.project import project_directory
from simrace.cli.terminal import readable_errors, say, say_error
from simrace.database.connection import connection_parameters

STREAMS_NAMED = 5


def live(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...",
            help="kafka://HOST/TOPIC, mqtt://HOST/TOPIC, ws://HOST/PATH or udp://:PORT; docs/live.md has them all.",
        ),
    ] = None,
    close: Annotated[
        bool, typer.Option("--close", help="Make logs of sessions that ended while no reader was there, and end.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.05, max=10, help="Seconds from one commit to the next.")] = 0.5,
    silence: Annotated[float, typer.Option(min=1, help="Seconds without a frame that end a session.")] = 60,
    streams: Annotated[int, typer.Option(min=1, help="Cars at a time; frames of others are refused.")] = 1_000,
) -> None:
    """Land frames while cars drive, until Ctrl-C. Needs the extra `live`."""
    if close:
        _close(silence)
    if not sources:
        if close:
            return
        raise typer.BadParameter("name a SOURCE to read, or --close")
    from simrace.live.reader import Options, Reader
    from simrace.live.sources import open_source

    with readable_errors():
        try:
            receivers = [open_source(source) for source in sources]
        except ImportError as error:
            say_error(f"The extra `live` is not installed: pip install 'simrace[live]' ({error.name} is missing)")
            raise typer.Exit(1) from error
        reader = Reader(connection_parameters(say), project_directory(), Options(every, silence, streams), say)

        def end(_signal: int, _frame: object) -> None:
            reader.stop()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        reader.store.open()
        for receiver in receivers:
            reader.store.hold(receiver.label)
            receiver.prepare(reader)
        for receiver in receivers:
            receiver.start(reader, say)
        say(f"Reading {', '.join(sources)}; Ctrl-C ends it.")
        try:
            reader.run()
        finally:
            for receiver in receivers:
                with suppress(OSError):
                    receiver.stop()
    say("Stopped.")


def _close(silence_s: float) -> None:
    """Make logs of the sessions that ended."""
    from simrace.live.closing import close_sessions, find_ended

    with readable_errors():
        parameters = connection_parameters(say)
        with closing(parameters.connect()) as connection:
            ended = find_ended(connection, silence_s)
            unknown = find_ended(connection, silence_s, are_known=False)
        outcomes = close_sessions(parameters, ended, say)
    for outcome in outcomes:
        say(f"{outcome.file_path}: {outcome.refusal.detail if outcome.refusal else outcome.state}")
    say(f"{len(outcomes)} sessions closed." if len(outcomes) != 1 else "1 session closed.")
    if unknown:
        streams = sorted({session.stream for session in unknown})
        more = f" and {len(streams) - STREAMS_NAMED:,} more" if len(streams) > STREAMS_NAMED else ""
        say(
            f"Frames that nobody knows stay in raw.live_frames, and no log is made of them: "
            f"{', '.join(streams[:STREAMS_NAMED])}{more}. docs/live.md says what a frame is."
        )
