"""Telemetry text whose rows are read as a log is: columns become channels, with the times of their samples.

For text that is more than rows of numbers on one clock: channels at rates of their own, cells that stay empty until a
value changes, clocks as words, comments among the data. The text lands as it is, and its numbers a second time as
channels, so that all that is known of logs holds for it.

* `reading.py`: what a declaration says of it
* `cells.py`: what a cell says, as a number
* `clock.py`: the times of the rows
* `sheet.py`: where the parts of a file are, and its rows
* `gpx.py`, `gt7_dashboard.py`, `json_lines.py`: the rows of documents, which have no delimited lines
* `log.py`: channels, documents and blocks, as every log has them
"""
