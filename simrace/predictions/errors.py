"""What a prediction is refused with."""

from ingestion.errors import ReadableError


class PredictionError(ReadableError):
    """There is no prediction; the text says why, and the way out."""


class EntryListError(PredictionError):
    """An entry list is not understood; the text says where."""
