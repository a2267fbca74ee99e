"""The pool of invented drivers that telemetry and races share."""

from dataclasses import dataclass, field

import numpy as np

from simrace.generator.ratings import Licence

ROAD, SPORTS_CAR, FORMULA = 2, 5, 6
CATEGORY_NAMES = {ROAD: "Road", SPORTS_CAR: "Sports_Car", FORMULA: "Formula_Car"}
POOL_SIZE = 40
# Who also drives the telemetry sessions: same name and id whatever the seed. Loggers write names their own way.
REGULARS = {411_001: "Dagny Morrowby", 411_002: "Kester Jelvik", 411_003: "José Güntherode", 411_004: "Nora Östermåne"}

FIRST_NAMES = (
    "Aino", "Bastien", "Corin", "Dagny", "Eskil", "Fiora", "Gwilym", "Hanne", "Ilari", "Jorunn",
    "Kester", "Liv", "Matteu", "Núria", "Orso", "Petra", "Quirin", "Rósa", "Søren", "Tove",
)  # fmt: skip
LAST_NAMES = (
    "Östermåne", "Varga-Lowe", "Bramwick", "Delacôte", "Fjellbakk", "Güntherode", "Harcastle", "Ikonaro", "Jelvik",
    "Kovarny", "Lindqvister", "Morrowby",
)  # fmt: skip
# Who stands in an entry list, a stream of incidents or a lap, and in no result.
VISITORS = ("Ottilie Ampleforth", "Ramón Quistgaard", "Wendelin Sorrelby")
COUNTRIES = (("FI", "Finland"), ("FR", "France"), ("GB", "United Kingdom"), ("SE", "Sweden"), ("DE", "Germany"))


@dataclass
class Racer:
    """A driver with ids, car number and a standing per category, which official races move."""

    cust_id: int
    name: str
    country_code: str
    country: str
    number: str
    player_id: str
    is_ai: bool = False
    licences: dict[int, Licence] = field(default_factory=dict)

    @property
    def first_name(self) -> str:
        """Given name."""
        return self.name.split(" ", 1)[0]

    @property
    def last_name(self) -> str:
        """Family name."""
        return self.name.split(" ", 1)[1]


def make_pool(seed: int) -> list[Racer]:
    """The drivers of a season, in the order of their ids: the regulars, then others."""
    rng = np.random.default_rng([seed, 40])
    names = [f"{first} {last}" for last in LAST_NAMES for first in FIRST_NAMES]
    others = [name for name in names if name not in REGULARS.values()]
    chosen = rng.permutation(len(others))[: POOL_SIZE - len(REGULARS)]
    ids = [*REGULARS, *(np.cumsum(rng.integers(900, 9_000, len(chosen))) + max(REGULARS)).tolist()]
    numbers = rng.permutation(np.arange(2, 400))[:POOL_SIZE].tolist()
    names = [*REGULARS.values(), *(others[at] for at in chosen)]
    return [_racer(cust_id, name, str(number), rng) for cust_id, name, number in zip(ids, names, numbers, strict=True)]


def make_ai(count: int, seed: int) -> list[Racer]:
    """Computer drivers that fill a hosted field."""
    rng = np.random.default_rng([seed, 41])
    racers = [_racer(2_000_000 + at, f"Virtual Pilot {at + 1}", str(900 + at), rng) for at in range(count)]
    for racer in racers:
        racer.is_ai = True
    return racers


def make_visitors() -> list[Racer]:
    """Drivers without a result: one who does not come, and two who leave."""
    rng = np.random.default_rng(42)
    return [_racer(3_000_000 + at, name, str(500 + at), rng) for at, name in enumerate(VISITORS)]


def _racer(cust_id: int, name: str, number: str, rng: np.random.Generator) -> Racer:
    code, country = COUNTRIES[int(rng.integers(len(COUNTRIES)))]
    talent = float(np.clip(rng.lognormal(7.5, 0.42), 600, 6_500))
    licences = {
        category: Licence(
            rating=int(max(talent + rng.normal(0, 150), 400)),
            licence_class=int(rng.integers(3, 6)),
            safety=int(rng.integers(150, 480)),
            corners_per_incident=round(float(rng.uniform(40, 180)), 4),
        )
        for category in (ROAD, SPORTS_CAR, FORMULA)
    }
    return Racer(cust_id, name, code, country, number, f"S7656119{8_000_000_000 + cust_id * 37}", licences=licences)
