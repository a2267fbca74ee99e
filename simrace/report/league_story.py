"""What a round did to a championship, in sentences by fixed rules."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from simrace.championships.marts import Scored, Standing
from simrace.championships.standings import WEEK
from simrace.championships.steps import changes, plain
from simrace.report.words import listed, ordinal

MOST_NAMED = 5  # names in a sentence
MOVED = 2  # places in the standings that are worth a sentence

Name = Callable[[str], str]


def leaders(who: str, before: Sequence[Standing], after: Sequence[Standing], name: Name) -> str | None:
    """Who leads after a round, by how much, and from whom the lead was taken.

    Args:
        who: What they are: drivers or teams.
        before: Standings before it; empty before the first.
        after: Standings after it.
        name: What a key is called.
    """
    first = [line for line in after if line.position == 1]
    if not first:
        return None
    points = plain(first[0].points)
    if len(first) > 1:
        return f"{listed([name(line.key) for line in first], MOST_NAMED)} lead the {who} together with {points} points."
    others = [line for line in after if line.position > 1]
    led = [line.key for line in before if line.position == 1]
    told, is_taken = f"{name(first[0].key)} ", bool(led) and first[0].key not in led
    if is_taken:
        told += f"takes the lead of the {who} from {listed([name(key) for key in led], MOST_NAMED)}"
    else:
        told += f"{'still leads' if led else 'leads'} the {who}"
    told += f" with {points} points"
    if not others:
        return f"{told}."
    margin = others[0].points_behind
    second = "" if is_taken and led == [others[0].key] else f" of {name(others[0].key)}"
    told += f", {plain(margin)} ahead{second}" if margin else f", level on points with {name(others[0].key)}"
    if (was := next((line for line in before if line.position > 1), None)) and led == [first[0].key]:
        told += f"; before the round the lead was {plain(was.points_behind)}"
    return f"{told}."


def movers(before: Sequence[Standing], after: Sequence[Standing], name: Name) -> list[str]:
    """Who went up and down most in the standings.

    Args:
        before: Standings before the round; empty before the first.
        after: Standings after it.
        name: What a key is called.
    """
    was = {line.key: line.position for line in before}
    moved = [(was[line.key] - line.position, line) for line in after if line.key in was]
    told = []
    for sign, word in ((1, "Up"), (-1, "Down")):
        most = max((sign * places for places, _ in moved), default=0)
        if most >= MOVED:
            who = [f"{name(line.key)} ({ordinal(was[line.key])} to {ordinal(line.position)})"
                   for places, line in moved if sign * places == most]  # fmt: skip
            told.append(f"{word} most in the standings: {listed(who, MOST_NAMED)}.")
    return told


def of_round(scored: Sequence[Scored], names: Mapping[str, str]) -> list[str]:
    """Who scored most in a round, what was dropped, and what was taken and given.

    Args:
        scored: What its races scored, with what counts after it.
        names: Names by driver_id.
    """
    told, drivers = [], [each for each in scored if each.role == "driver"]
    points: dict[str, list[Scored]] = {}
    for each in drivers:
        points.setdefault(each.driver_id, []).append(each)
    won = {who: points_of_round(its) for who, its in points.items()}
    if most := max(won.values(), default=Decimal(0)):
        best = [names[who] for who, gained in won.items() if gained == most]
        told.append(f"Most points of the round: {listed(best, MOST_NAMED)}, {plain(most)}.")
    dropped = [who for who, its in points.items() if won[who] and not any(each.is_counted for each in its)]
    if dropped:
        told.append(f"Dropped by the rules: the round of {listed([names[who] for who in dropped], MOST_NAMED)}.")
    out = [names[each.driver_id] for each in scored if each.is_disqualified]
    if out:
        told.append(f"Disqualified by the stewards: {listed(out, MOST_NAMED)}.")
    changed = [f"{names[each.driver_id]} ({changes(each)})" for each in scored if changes(each)]
    if changed:
        told.append(f"Points taken or given: {listed(changed, MOST_NAMED)}.")
    return told


def points_of_round(lines: Sequence[Scored]) -> Decimal:
    """What a driver scored in the races of a round, whether they count or not: of a week in the best of them."""
    won = [each.race_points + each.bonus_points for each in lines]
    return max(won) if lines[0].round_key.startswith(WEEK) else sum(won, Decimal(0))


def shift(before: int | None, now: int) -> str:
    """A change of places: +2 is two up."""
    return "new" if before is None else "=" if before == now else f"{before - now:+d}"
