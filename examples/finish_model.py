"""Predict the finishing place in class from what is known at the green flag.

    .venv/bin/python -m pip install -e ".[ml]"      # scikit-learn; `make` has done it
    .venv/bin/simrace export ml training
    .venv/bin/python examples/finish_model.py training

The model is trained on the earliest races, chosen on later ones and tested on the latest. Two orders that need no
model are printed beside it: by iRating and by grid.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from simrace.export.tables import DICTIONARY, read_exported

TARGET = "target_finish_position_in_class"
FIELD = ["race_id", "car_class_id"]  # who is ordered against whom
FEWEST = 3  # drivers that make an order


def comparable(data: pd.DataFrame) -> pd.DataFrame:
    """Drivers that finished in a field of several; in team races several drivers share one place."""
    raced = data[data[TARGET].notna() & ~data["is_team_race"]]
    return raced[raced.groupby(FIELD)[TARGET].transform("size") >= FEWEST].reset_index(drop=True)


def as_numbers(features: pd.DataFrame) -> pd.DataFrame:
    """Texts as numbers of their categories; missing values stay missing."""
    words = features.select_dtypes("string")
    codes = words.apply(lambda column: column.astype("category").cat.codes)
    return features.assign(**codes.where(codes >= 0)).astype(float)


def candidates(numbers: list[str]) -> dict[str, Pipeline]:
    """Models to choose from: a line, and trees of two sizes, to which a missing value is a value."""
    filled = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    models = {"line": make_pipeline(make_column_transformer((filled, numbers)), RidgeCV(np.logspace(0, 4, 9)))}
    for leaves in (4, 12):
        trees = HistGradientBoostingRegressor(
            max_leaf_nodes=leaves, learning_rate=0.05, max_iter=150, min_samples_leaf=30, random_state=0
        )
        models[f"trees of {leaves} leaves"] = make_pipeline(trees)
    return models


def places(data: pd.DataFrame, value: "pd.Series[float]") -> "pd.Series[float]":
    """Places in class by a value, the lowest first; drivers without a value are in the middle."""
    ranks = value.groupby([data[name] for name in FIELD]).rank()
    middle = (data.groupby(FIELD)[TARGET].transform("size") + 1) / 2
    return ranks.fillna(middle).astype(float)


def score(data: pd.DataFrame, predicted: "pd.Series[float]") -> tuple[float, float]:
    """Mean absolute error in places, and the mean over the fields of Spearman's correlation."""
    actual = data.groupby(FIELD)[TARGET].rank().astype(float)
    pairs = pd.DataFrame({"actual": actual, "predicted": predicted})
    fields = [field for _, field in pairs.groupby([data[name] for name in FIELD])]
    # an order in which all are equal correlates with nothing
    correlations = [field.corr("spearman").loc["actual", "predicted"] for field in fields]
    return float((actual - predicted).abs().mean()), float(np.nan_to_num(correlations).mean())


def main() -> None:
    """Train, choose, try, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="folder that `simrace export ml` wrote")
    directory = parser.parse_args().directory
    data = comparable(read_exported(directory))
    dictionary = read_exported(directory, DICTIONARY)
    names = dictionary.loc[dictionary["column_role"] == "feature", "column_name"].tolist()
    features = as_numbers(data[names])
    models = candidates(list(data[names].select_dtypes(exclude="string")))
    # a place means more in a small field: learn the share of the field, and predict the order
    share = (data[TARGET] / data["class_field_size"]).astype(float)
    parts = {name: data["split"] == name for name in ("train", "validation", "test")}
    for name, rows in parts.items():
        print(f"{name:>10}: {data.loc[rows, 'race_id'].nunique():,} races, {rows.sum():,} drivers")

    def predicted(model: Pipeline, learned: "pd.Series[bool]", asked: "pd.Series[bool]") -> "pd.Series[float]":
        fitted = clone(model).fit(features[learned], share[learned])
        return places(data[asked], pd.Series(fitted.predict(features[asked]), index=data.index[asked]))

    train, validation, test = parts.values()
    errors = {name: score(data[validation], predicted(model, train, validation))[0] for name, model in models.items()}
    chosen = min(errors, key=errors.__getitem__)
    orders = {
        f"model ({chosen})": predicted(models[chosen], train | validation, test),
        "order by iRating": places(data[test], -data.loc[test, "irating_before"].astype(float)),
        "order by grid": places(data[test], data.loc[test, "start_position_in_class"].astype(float)),
    }
    print(f"{'test races':>28}  mean absolute error  Spearman")
    for name, order in orders.items():
        error, correlation = score(data[test], order)
        print(f"{name:>28}  {error:19.2f}  {correlation:8.2f}")


if __name__ == "__main__":
    main()
