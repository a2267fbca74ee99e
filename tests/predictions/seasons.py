"""Training data of which it is known what moves them."""

import numpy as np
import pandas as pd

from simrace.predictions.training_data import Known

RACES, FIELD = 160, 12
FEATURES = (
    "car_id", "start_position_in_class", "irating_before", "rank_by_irating", "expected_finish_in_class",
    "class_field_size", "driver_race_number", "avg_finish_percent_recent", "podium_rate_recent",
    "known_finishes_in_class_recent", "did_not_finish_rate_recent", "known_outcomes_recent",
    "avg_irating_change_recent", "is_official", "is_team_race", "start_share", "pace_laps_before",
)  # fmt: skip


def made_up(seed: int = 1, races: int = RACES, luck: float = 0.3) -> Known:
    """A season in which grid, rating and form each tell a part of who is fast.

    Args:
        seed: Of all that is drawn.
        races: How many.
        luck: Spread of what nobody can know, in spreads of what drivers are worth.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for race in range(races):
        worth = rng.normal(size=FIELD)
        grid = np.argsort(np.argsort(-(worth + rng.normal(size=FIELD)))) + 1
        rating = np.round(1500 + 300 * (worth + rng.normal(size=FIELD)))
        form = np.argsort(np.argsort(-(worth + rng.normal(size=FIELD)))) + 1
        finish = np.argsort(np.argsort(-(worth + luck * rng.normal(size=FIELD)))) + 1
        rank = np.argsort(np.argsort(-rating)) + 1
        part = "train" if race < 0.7 * races else "validation" if race < 0.85 * races else "test"
        for at in range(FIELD):
            rows.append(
                {
                    "subsession_id": f"{90_000_000 + race}",
                    "cust_id": f"{7000 + at}",
                    "race_id": f"iracing:{90_000_000 + race}:0",
                    "driver_id": f"iracing:{7000 + at}",
                    "feature_cutoff_at": f"{pd.Timestamp('2031-01-01', tz='UTC') + pd.Timedelta(days=race)}",
                    "split": part,
                    "car_class_id": "iracing:9",
                    "layout_id": "iracing:here",
                    "car_id": "iracing:8",
                    "license_category_id": "5",
                    "start_position_in_class": grid[at],
                    "irating_before": rating[at],
                    "rank_by_irating": rank[at],
                    "expected_finish_in_class": float(rank[at]),
                    "class_field_size": FIELD,
                    "driver_race_number": race + 1,
                    "avg_finish_percent_recent": 100 * form[at] / FIELD,
                    "podium_rate_recent": float(form[at] <= 3),
                    "known_finishes_in_class_recent": 5,
                    "did_not_finish_rate_recent": 0.1,
                    "known_outcomes_recent": 5,
                    "avg_irating_change_recent": 0.0,
                    "is_official": 1,
                    "is_team_race": 0,
                    "start_share": (grid[at] - 0.5) / FIELD,
                    "pace_laps_before": np.nan,
                    "target_finish_position_in_class": finish[at],
                    "target_did_not_finish": int(rng.random() < 0.1),
                    "target_irating_change": 6.5 * (6.5 - finish[at]),
                }
            )
    frame = pd.DataFrame(rows)
    return Known(frame.astype(dict.fromkeys(("car_id", "split"), "string")), FEATURES, ("car_id",))
