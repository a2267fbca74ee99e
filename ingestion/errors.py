"""Errors that are no fault of simrace, which people see as a sentence instead of a traceback."""


class ReadableError(RuntimeError):
    """Something that people can put right: the text says what is wrong, and the way out."""
