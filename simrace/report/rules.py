"""Words from numbers: each rule compares one thing, and says nothing when the laps are alike in it."""

from collections.abc import Callable

from simrace.lap_times import PROBLEMS, lap_time_text
from simrace.report.figures import Comparison, Corner, Lap, Reference

# Thresholds: what files can show and a driver can change. Anything smaller is noise in a single lap.
BRAKE_POINT_M = 5.0  # at 250 km/h a sample of a 20 Hz log is 3.5 m; a good driver hits his marker within a car's length
TURN_IN_M = 5.0  # as above
THROTTLE_M = 5.0  # as above
MIN_SPEED_KPH = 2.0  # 1 km/h is what the warehouse is checked to (docs/telemetry.md); each lap may be off by it
EXIT_SPEED_KPH = 2.0  # as above
TOLD_S = 0.03  # two samples of a 60 Hz log: a smaller loss is not mentioned
HABIT_SHARE = 0.5  # in this share of the corners the same difference is a habit, not chance,
HABIT_CORNERS = 3  # if it is at least this many corners
DEAREST = 3  # corners that the summary adds up: a driver can work on about three in a session

Rule = Callable[[Corner], str | None]


def brake_point(corner: Corner) -> str | None:
    """Where the braking began."""
    mine, other = corner.lap.brake_point_m, corner.reference.brake_point_m
    if mine is None or other is None:
        if mine is other or not corner.has_brake:
            return None
        return "did not brake where the reference does" if mine is None else "braked where the reference does not"
    return _moved("braked", mine - other, BRAKE_POINT_M)


def turn_in(corner: Corner) -> str | None:
    """Where the car was turned in."""
    mine, other = corner.lap.turn_in_m, corner.reference.turn_in_m
    return None if mine is None or other is None else _moved("turned in", mine - other, TURN_IN_M)


def minimum_speed(corner: Corner) -> str | None:
    """The lowest speed."""
    return _speed("minimum speed", corner.lap.min_speed_kph, corner.reference.min_speed_kph, MIN_SPEED_KPH)


def gear(corner: Corner) -> str | None:
    """The gear where the car was slowest."""
    mine, other = corner.lap.gear, corner.reference.gear
    return None if mine is None or other is None or mine == other else f"in gear {mine} instead of {other}"


def throttle(corner: Corner) -> str | None:
    """Where the throttle was opened."""
    mine, other = corner.lap.throttle_on_m, corner.reference.throttle_on_m
    return None if mine is None or other is None else _moved("opened the throttle", mine - other, THROTTLE_M)


def exit_speed(corner: Corner) -> str | None:
    """The speed at the end of the corner."""
    return _speed("exit speed", corner.lap.exit_speed_kph, corner.reference.exit_speed_kph, EXIT_SPEED_KPH)


# In the order of driving.
RULES: tuple[Rule, ...] = (brake_point, turn_in, minimum_speed, gear, throttle, exit_speed)


def differences(corner: Corner) -> list[str]:
    """The differences in a corner, in the order of driving."""
    return [words for rule in RULES if (words := rule(corner))]


def corner_sentence(corner: Corner) -> str:
    """How much time a corner cost or gained, and how."""
    how = ", ".join(differences(corner))
    return f"{_amount(corner.lost_s)} {_verb(corner)} in {corner_name(corner)}{': ' if how else ''}{how}."


def corner_sentences(corners: list[Corner]) -> list[str]:
    """A sentence for each corner worth mentioning, the largest loss first; corners without a clear cause share one."""
    told = sorted(
        (corner for corner in corners if abs(corner.lost_s) >= TOLD_S), key=lambda one: (-one.lost_s, one.number)
    )
    sentences = [corner_sentence(corner) for corner in told if differences(corner)]
    for verb in ("lost", "won"):
        rest = [corner for corner in told if not differences(corner) and _verb(corner) == verb]
        if rest:
            listed = ", ".join(f"{_amount(corner.lost_s)} in {corner_name(corner)}" for corner in rest)
            sentences.append(f"Also {verb}, with no single point that differs enough to name: {listed}.")
    return sentences


def summary(comparison: Comparison) -> str:
    """How far the lap is behind, and the share of the corners with the largest losses."""
    behind, lap, reference = comparison.reference.behind_s, comparison.lap, comparison.reference
    times = f"Lap {lap.number} ({lap_time(lap.time_s)}) against {lap_time(reference.time_s)}"
    if abs(behind) < 0.0005:
        return f"{times}: equal to the millisecond."
    told = f"{times}: {abs(behind):.3f} s {'behind' if behind > 0 else 'ahead'}."
    lossy = sorted((corner for corner in comparison.corners if corner.lost_s >= TOLD_S), key=lambda one: -one.lost_s)
    dear = lossy[:DEAREST]
    if not dear:
        return told
    if len(dear) == 1:
        return f"{told} The dearest corner: {corner_name(dear[0])}, {_amount(dear[0].lost_s)}."
    names = f"{', '.join(map(corner_name, dear[:-1]))} and {corner_name(dear[-1])}"
    return f"{told} The dearest corners: {names}, {_amount(sum(corner.lost_s for corner in dear))} together."


def habits(corners: list[Corner]) -> list[str]:
    """Differences in the same direction in most corners."""
    found = []
    for rule, words in (
        (brake_point, ("earlier", "Braked earlier")),
        (brake_point, ("later", "Braked later")),
        (minimum_speed, ("lower", "Lower minimum speed")),
        (minimum_speed, ("higher", "Higher minimum speed")),
        (throttle, ("later", "Opened the throttle later")),
        (throttle, ("earlier", "Opened the throttle earlier")),
    ):
        sign, sentence = words
        count = sum((said := rule(corner)) is not None and said.endswith(sign) for corner in corners)
        if count >= max(HABIT_CORNERS, HABIT_SHARE * len(corners)):
            found.append(f"{sentence} in {count} of {len(corners)} corners.")
    return found


def verdict(lap: Lap) -> str:
    """Whether a lap counts for pace, or why not, as a sentence."""
    return "counts" if lap.pace_problem is None else PROBLEMS.get(lap.pace_problem, lap.pace_problem)


def reference_sentence(reference: Reference, is_own_session: bool) -> str:
    """Which lap the reference is."""
    of = {
        "personal_best": "the driver's best in this car on this layout",
        "class_best": "the best of the car class on this layout",
        "session_best": "the best of this session",
        "asked": "the next fastest of this session: no lap of the class on this layout is faster",
    }[reference.kind]
    where = "" if is_own_session else f" of the session of {reference.started_at:%Y-%m-%d %H:%M} UTC"
    who = ", ".join(filter(None, (reference.driver, reference.car)))
    return f"The reference is lap {reference.lap_number}{where}, {of}{f' ({who})' if who else ''}."


def corner_name(corner: Corner) -> str:
    """The corner for people: its number, and its name where it has one."""
    number = f"corner {corner.number}"
    return number if corner.name == str(corner.number) else f"{number} ({corner.name})"


def lap_time(seconds: float | None) -> str:
    """A lap time as timing screens write it."""
    return "no time" if seconds is None else lap_time_text(seconds)


def _verb(corner: Corner) -> str:
    return "lost" if corner.lost_s > 0 else "won"


def _amount(seconds: float) -> str:
    """An amount of time as drivers say it: hundredths, tenths, seconds."""
    if round(abs(seconds), 2) >= 1:
        return f"{abs(seconds):.2f} s"
    if (hundredths := round(abs(seconds) * 100)) < 10:
        return f"{hundredths} {'hundredth' if hundredths == 1 else 'hundredths'}"
    tenths = f"{abs(seconds) * 10:.1f}".removesuffix(".0")
    return f"{tenths} {'tenth' if tenths == '1' else 'tenths'}"


def _moved(what: str, metres: float, threshold: float) -> str | None:
    if abs(metres) < threshold:
        return None
    return f"{what} {abs(metres):.0f} m {'later' if metres > 0 else 'earlier'}"


def _speed(what: str, mine: float | None, other: float | None, threshold: float) -> str | None:
    if mine is None or other is None or abs(mine - other) < threshold:
        return None
    return f"{what} {abs(mine - other):.0f} km/h {'higher' if mine > other else 'lower'}"
