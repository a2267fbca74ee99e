"""How a round was scored, step by step, in words."""

from collections.abc import Iterable
from decimal import Decimal

from simrace.championships.marts import BONUSES, Scored
from simrace.championships.seeds import POINTS_OF_FILES


def plain(value: Decimal) -> str:
    """A number of points without zeros at its end."""
    return f"{value.normalize():f}" if value else "0"


def place(scored: Scored) -> str:
    """From the place in the file to the one that scores, such as `3, 2 after stewards, scores as 1 in Am`."""
    told = [_or_none(scored.finish_position)]
    if scored.is_disqualified:
        return f"{told[0]}, disqualified by the stewards"
    if scored.classified_position != scored.finish_position:
        told.append(f"{_or_none(scored.classified_position)} after the stewards")
    if scored.is_passed_up:
        told.append("passed up to those behind")
    elif not scored.is_classified:
        told.append("not classified")
    else:
        in_class = f" in {scored.class_name}" if scored.class_name else ""
        if in_class or scored.scored_position != scored.classified_position:
            told.append(f"scores as {_or_none(scored.scored_position)}{in_class}")
    return ", ".join(told)


def race_points(scored: Scored) -> str:
    """Points for the place, and where they come from, such as `12.5 = 25 (fia_top_10) x 0.5`."""
    if scored.role == "guest":
        return "0, a guest"
    source = "of the file" if scored.points_table in POINTS_OF_FILES else scored.points_table
    if not scored.race_points:
        return f"0 ({source})"
    if scored.points_factor == 1:
        return f"{plain(scored.race_points)} ({source})"
    base = plain((scored.race_points / scored.points_factor).quantize(Decimal("0.01")))
    return f"{plain(scored.race_points)} = {base} ({source}) x {plain(scored.points_factor)}"


def bonuses(scored: Scored) -> str:
    """Points more, each by name."""
    given = ((getattr(scored, column), name) for column, name in BONUSES.items())
    return ", ".join(f"{name} {plain(points)}" for points, name in given if points)


def changes(scored: Scored) -> str:
    """Points that were taken or given, and for what."""
    by_stewards = scored.points_deducted - scored.points_for_incidents
    parts = (
        (-scored.points_for_incidents, "for incidents"),
        (-by_stewards, "by the stewards"),
        (scored.points_awarded, "by the stewards"),
    )
    return ", ".join(f"{'+' if points > 0 else ''}{plain(points)} {why}" for points, why in parts if points)


def counting(scored: Scored, others: Iterable[Scored]) -> str:
    """Whether the race counts, and why not.

    Args:
        scored: The race of a driver.
        others: All that was scored in the championship.
    """
    if scored.role == "guest":
        return "no, a guest"
    for_team = ", for the team alone" if scored.role == "reserve" else ""
    if scored.is_counted:
        return f"yes{for_team}"
    of_round = (
        each
        for each in others
        if (each.driver_id, each.role, each.round_key) == (scored.driver_id, scored.role, scored.round_key)
    )
    if any(each.is_counted for each in of_round):
        return f"no, another race of the round counts{for_team}"
    return f"dropped, other rounds are better{for_team}"


def total_until(scored: Scored, others: Iterable[Scored]) -> Decimal | None:
    """Points of the driver up to and with this race, by what counts now; None for who is not in the table of drivers.

    Args:
        scored: The race of a driver.
        others: All that was scored in the championship.
    """
    if scored.role != "driver":
        return None
    return sum(
        (
            each.points
            for each in others
            if (each.driver_id, each.role) == (scored.driver_id, "driver") and each.race_number <= scored.race_number
        ),
        Decimal(0),
    )


def _or_none(position: int | None) -> str:
    return "no place" if position is None else str(position)
