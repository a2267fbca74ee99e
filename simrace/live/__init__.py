"""Frames while a car drives: from brokers, sockets and games into `raw`, with nothing lost and nothing twice.

What the reader writes, in one transaction a micro-batch (half a second, or 1,000 frames of a stream):

`raw.live_frames`: one row per stream and micro-batch, key (stream, batch_number).
    stream         one car as one source sends it: `<source>/<key>`, such as `kafka:telemetry/0/car-7`
    batch_number   counted from 1 in its stream, without a gap
    source_format  format of the frames, as the channel seed has it; `live_unknown` where nobody knows them
    session_mark   the session of the stream they are of: what the frames say, else one that the reader makes
    told           what frames, topic or sender tell of the session, as far as it is known:
                   a JSON object with some of driver, car, track, session, sim, lap_length_m
    mark           `open`, or `end` for the last batch of its session. An end by silence has a row without frames.
                   A session that goes on after its end is open again: its newest batch says which
    first_clock, last_clock    smallest and largest clock of the frames in seconds, null where there are none
    first_offset, last_offset  places in the source (Kafka: offsets of the partition; else the reader's own count)
    frame_count    frames in it
    frames         the frames as they came, a JSON object a line; of a frame with line breaks these are spaces. Each is
                   valid jsonb whose numbers are within double precision, which may be beyond real.
                   Frames of games (UDP) are written as JSON by the declaration of their packets
    packets        of games, the bytes as they came, each packet after its length (2 bytes, low byte first); else null
    received_at    when the last of the frames came

    Within a row frames are in the order of arrival. Late ones are in it too, so clocks may go back;
    who reads a drive sorts by clock. A frame with a sequence is there once. The seed names places in a frame by a path
    whose steps are divided by points: `telemetry.SpeedMs`.

`raw.live_streams`: one row per stream, as it was after its newest batch.
    source, source_format, session_mark, told, is_open, batch_number, last_clock, last_received_at
    state          what views show of the laps of the running session, by `simrace.live.laps.advance`; `{}` at its start
    reading        the reader's own: sequences seen, a frame that is held back, and what else the laps need

`raw.live_sources`: one row per source: next_offset, where to go on reading, and the counts of `simrace metrics`.
`raw.live_quarantine`: frames that could not be read, the newest 1,000 of each source and reason.

Who works on what: `intake.py` makes messages frames of streams, `reader.py` writes them. `laps.py` has
`advance(state, frames)`, which is called with the frames of one session in order of arrival, inside of the transaction
that writes them; `values.py` has `CHANNELS`, the canonical channels that it wants. `closer.py` is told of sessions that
ended, after the commit, and `closing.py` makes them logs.
"""
