"""When a car was at each point of a lap, and how far it is behind its best one there."""

import math
from collections.abc import Mapping
from typing import Any

from simrace.live.values import Sample

RATIO_POINTS = 1_000  # of a trace, where the share of the lap tells the place


class Traces:
    """The traces of the running lap and the one before, and the best lap with pace."""

    def __init__(self, state: Mapping[str, Any], machine: Mapping[str, Any], step_m: float, lag_s: float) -> None:
        self._step_m, self._lag_s = step_m, lag_s
        self._traces: list[dict[str, Any]] = [
            {**trace, "at_s": list(trace["at_s"])} for trace in machine.get("traces", [])
        ]
        self.best: dict[str, Any] | None = state.get("best")
        self._best_after_s: list[float | None] = machine.get("best_after_s", [])

    def state(self) -> dict[str, Any]:
        """What has to be kept beside the best lap."""
        return {"traces": self._traces, "best_after_s": self._best_after_s}

    def _points(self, sample: Sample) -> float | None:
        """Where a car is, in points of a trace."""
        if sample[3] is not None:
            return sample[3] * RATIO_POINTS
        return None if sample[2] is None else sample[2] / self._step_m

    def note(self, before: Sample | None, sample: Sample, line: list[float] | None) -> None:
        """Note when the car was at each point of the lap."""
        if before is None or line:
            self._traces = self._traces[-1:]
            self._traces.append({"line_s": line[0] if line else None, "at_s": [line[0]] if line else []})
        now, was = self._points(sample), None if before is None else self._points(before)
        at_s = self._traces[-1]["at_s"]
        if now is None or was is None or before is None or line:
            if line and now is not None:
                self._fill(at_s, 0.0, line[0], now, sample[0])  # type: ignore[arg-type]
            return
        if now > was:
            self._fill(at_s, was, before[0], now, sample[0])  # type: ignore[arg-type]

    @staticmethod
    def _fill(at_s: list[float | None], was: float, was_s: float, now: float, now_s: float) -> None:
        """The points from one sample to the next; between samples the car goes on evenly."""
        last = int(now)
        if last < len(at_s) or now <= was or last > 100_000:
            return
        at_s.extend([None] * (max(math.ceil(was), 0) - len(at_s)))
        for point in range(len(at_s), last + 1):
            at_s.append(round(was_s + (point - was) / (now - was) * (now_s - was_s), 3))

    def keep_best(self, piece: dict[str, Any]) -> None:
        """Keep the trace of the best lap."""
        if piece["lap_class"] != "pace" or piece["lap_time_s"] is None:
            return
        if self.best and self.best["lap_time_s"] <= piece["lap_time_s"]:
            return
        started_s = piece["started_elapsed_s"]
        for trace in self._traces:
            if trace["line_s"] is not None and abs(trace["line_s"] - started_s) <= self._lag_s:
                after = [None if at is None else round(at - started_s, 3) for at in trace["at_s"]]
                self.best = {
                    "lap_time_s": piece["lap_time_s"],
                    "piece_number": piece["piece_number"],
                    "started_elapsed_s": started_s,
                }
                self._best_after_s = after

    def delta(self, sample: Sample, lap_elapsed_s: float | None) -> float | None:
        """Seconds behind the best lap at the place of a sample."""
        points = self._points(sample)
        if self.best is None or points is None or lap_elapsed_s is None:
            return None
        after, place = self._best_after_s, int(points)
        here = after[place] if 0 <= place < len(after) else None
        if here is None:
            return None
        following = after[place + 1] if place + 1 < len(after) else self.best["lap_time_s"]
        share = points - place if following is not None else 0
        return round(float(lap_elapsed_s - here - share * ((following or here) - here)), 3)
