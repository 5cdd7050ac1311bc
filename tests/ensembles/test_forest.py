"""Feature scores: by construction, and beside scikit-learn's extra trees."""

import numpy as np
import pytest

from kachisuji.ensembles import feature_scores
from kachisuji.words import InputError

NAMES = ["a", "b", "c", "d"]


def ishigami(n, seed):
    x = np.random.default_rng(seed).random((n, 4))
    z = np.pi * (2 * x - 1)
    return x, np.sin(z[:, 0]) + 7 * np.sin(z[:, 1]) ** 2 + 0.1 * z[:, 2] ** 4 * np.sin(z[:, 0])


def test_what_moves_the_outcome_scores_and_the_rest_does_not():
    x, y = ishigami(600, 0)
    table = feature_scores(x, y, NAMES, trees=40)
    score = dict(zip(table["name"], table["score"], strict=True))
    assert table["score"].sum() == pytest.approx(1.0)
    assert table["name"].iloc[-1] == "d"
    assert min(score["a"], score["b"]) > score["c"] > score["d"]
    again = feature_scores(x, y, NAMES, trees=40)
    assert table.equals(again)


@pytest.mark.slow
def test_scores_are_those_of_scikit_learn():
    forest = pytest.importorskip("sklearn.ensemble")
    x, y = ishigami(600, 1)
    mine = feature_scores(x, y, NAMES, trees=60).set_index("name")["score"]
    other = forest.ExtraTreesRegressor(
        60, min_samples_leaf=5, max_features=1.0, bootstrap=False, random_state=0
    ).fit(x, y)
    np.testing.assert_allclose(mine[NAMES], other.feature_importances_, atol=0.03)


@pytest.mark.parametrize(
    ("x", "y", "key"),
    [
        (np.ones((5, 3)), np.arange(5.0), "ensembles.discovery_shape"),
        (np.full((5, 4), np.nan), np.arange(5.0), "ensembles.discovery_holes"),
        (np.ones((5, 4)), np.ones(5), "ensembles.no_spread"),
    ],
)
def test_what_cannot_be_scored_is_said(x, y, key):
    with pytest.raises(InputError) as caught:
        feature_scores(x, y, NAMES)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"trees": 0}, "bad_setting"),
        ({"leaf": 0}, "bad_setting"),
        ({"tried": 2.0}, "bad_tried"),
        ({"tried": 0.0}, "bad_tried"),
    ],
)
def test_settings_that_make_no_sense_are_said(options, key):
    with pytest.raises(InputError) as caught:
        feature_scores(*ishigami(32, 0), NAMES, **options)
    assert caught.value.key == f"ensembles.{key}"
