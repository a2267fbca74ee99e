"""The file formats that simrace knows: how a file is recognised and where its parts are, never what its data mean.

A file is recognised by its content alone, because names and extensions are not reliable. What the data mean is
read in SQL, with the seeds.

* `text_loggers.toml`: telemetry of delimited lines. A logger is one entry there.
* `results/`: race results. A format is one module there.
* `not_read_yet.toml`: formats that are refused by their own name.
* `identify.py` tries all of them on a file.
"""
