"""Bonuses of a race that was not driven yet: what the models would give of those that are chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simrace.championships.marts import Rules, Scored

POLE, FASTEST, GAINED = "pole_points", "fastest_lap_points", "most_places_gained_points"
LED, MOST_LED = "lap_led_points", "most_laps_led_points"
OF_ONE = (POLE, FASTEST)  # of each class one driver has them; what is equal in the others gives them to all
GUEST = "guest"
Chosen = Mapping[str, Sequence[str]]  # drivers by bonus, which is named as in `BONUSES`


@dataclass(frozen=True)
class Refused:
    """A bonus that was chosen and gives nothing.

    Attributes:
        driver_id: For whom.
        bonus: Which.
        why: A sentence.
    """

    driver_id: str
    bonus: str
    why: str


def given(chosen: Chosen, entrants: Mapping[str, Scored], rules: Rules) -> tuple[dict[str, list[str]], list[Refused]]:
    """Bonuses that each driver has of those that were chosen, and those that nobody would have.

    Args:
        chosen: Drivers by bonus.
        entrants: What the places of the race scored, by driver_id, of all who are chosen.
        rules: Of the championship.
    """
    has: dict[str, list[str]] = {}
    refused = []
    taken: set[tuple[str, str | None]] = set()
    for bonus in rules.bonuses:
        for driver_id in _chosen(bonus, chosen):
            one = entrants[driver_id]
            if why := _why_not(bonus, one, rules, taken, POLE in has.get(driver_id, [])):
                refused.append(Refused(driver_id, bonus, why))
                continue
            taken.add((bonus, one.class_name))
            has.setdefault(driver_id, []).append(bonus)
    return has, refused


def _chosen(bonus: str, chosen: Chosen) -> Sequence[str]:
    # who led most laps has led one
    also = chosen.get(MOST_LED, ()) if bonus == LED else ()
    return list(dict.fromkeys([*chosen.get(bonus, ()), *also]))


def _why_not(bonus: str, one: Scored, rules: Rules, taken: set[tuple[str, str | None]], has_pole: bool) -> str:
    if one.role == GUEST:
        return "A guest scores nothing."
    if bonus in OF_ONE and (bonus, one.class_name) in taken:
        return "Another one of the class has it." if one.class_name else "Another one has it."
    if bonus == FASTEST and not _is_within(rules, one.scored_position):
        return f"Only the first {rules.fastest_lap_within} score for it."
    if bonus == GAINED and not one.scored_position:
        return "It needs a place in the order."
    if bonus == GAINED and has_pole:
        return "Who starts first gains no place."
    return ""


def _is_within(rules: Rules, place: int | None) -> bool:
    return rules.fastest_lap_within is None or (place is not None and place <= rules.fastest_lap_within)


def most(rules: Rules, place: int) -> Decimal:
    """Most that a driver can have in a race besides the points of the place.

    Args:
        rules: Of the championship.
        place: Where the driver ends.
    """
    worth = dict(rules.bonuses)
    if not _is_within(rules, place):
        worth.pop(FASTEST, None)
    # who starts first gains no place
    either = max(worth.pop(POLE, Decimal(0)), worth.pop(GAINED, Decimal(0)))
    return sum(worth.values(), either)
