"""Models of others: a plain function, and a stand-in with the interface of EMA Workbench."""

from types import SimpleNamespace

import numpy as np
import pytest

from kachisuji.ensembles import FunctionModel, from_ema, latin_hypercube, run
from kachisuji.words import InputError, RunError

DRAWS = latin_hypercube(16, 2, 0)


def shop(papers=50, demand=0.5, price=3.0):
    sold = min(papers, 100 * demand)
    return {"profit": price * sold - 2 * papers, "stock": [papers, papers - sold]}


UNCERTAIN = {"demand": (0.0, 1.0), "price": (2.0, 4.0)}
LINES = [{"papers": 20.0}, {"papers": 60.0}]


def test_a_plain_function_is_a_model(tmp_path):
    table = run(FunctionModel(shop, UNCERTAIN, LINES), DRAWS, [0, 1], folder=tmp_path)
    want = [[shop(p, u, 2 + 2 * v)["profit"] for u, v in DRAWS] for p in (20.0, 60.0)]
    np.testing.assert_allclose(table.measure("profit"), want)
    assert set(table.paths()["measure"]) == {"stock"}


# the same attributes as the classes of ema_workbench, by their own names
class RealParameter(SimpleNamespace):
    pass


class IntegerParameter(SimpleNamespace):
    pass


class CategoricalParameter(SimpleNamespace):
    pass


class BooleanParameter(SimpleNamespace):
    pass


def varied(papers, demand, doors, weather, open_late, rent):
    bonus = {"sun": 1.0, "rain": 0.0}[weather] + float(open_late)
    return {"profit": min(papers, 100 * demand) * doors + bonus - rent, "ignored": 0}


def workbench_model():
    return SimpleNamespace(
        function=varied,
        uncertainties=[
            RealParameter(name="demand", lower_bound=0.2, upper_bound=0.8),
            IntegerParameter(name="doors", lower_bound=1, upper_bound=3),
            CategoricalParameter(
                name="weather",
                categories=[SimpleNamespace(value="sun"), SimpleNamespace(value="rain")],
            ),
            BooleanParameter(name="open_late", categories=[]),
        ],
        levers=[RealParameter(name="papers", lower_bound=0, upper_bound=100)],
        constants=[SimpleNamespace(name="rent", value=7.0)],
        outcomes=[SimpleNamespace(name="profit")],
    )


def test_a_model_of_the_workbench_is_a_model(tmp_path):
    model = from_ema(workbench_model(), [{"papers": 30.0}])
    draws = latin_hypercube(24, 4, 1)
    table = run(model, draws, [0], folder=tmp_path)
    assert table.measures == ("profit",)
    want = [
        varied(30.0, 0.2 + 0.6 * d, 1 + int(3 * n), "sun" if w < 0.5 else "rain", b >= 0.5, 7.0)
        for d, n, w, b in draws
    ]
    np.testing.assert_allclose(table.measure("profit")[0], [a["profit"] for a in want])


@pytest.mark.slow
def test_it_may_go_to_other_processes(tmp_path):
    model = FunctionModel(shop, UNCERTAIN, LINES, ("profit",))
    one = run(model, DRAWS, [0, 1], folder=tmp_path / "one")
    two = run(model, DRAWS, [0, 1], folder=tmp_path / "two", executor="processes", workers=2)
    assert (one.measure("profit") == two.measure("profit")).all()


def test_what_is_no_model_is_said(tmp_path):
    with pytest.raises(InputError) as caught:
        from_ema(SimpleNamespace(function=shop), LINES)
    assert caught.value.key == "ensembles.not_ema"
    with pytest.raises(InputError) as caught:
        from_ema(workbench_model(), [{"paper": 3.0}])
    assert caught.value.key == "ensembles.ema_levers"
    for model, key in (
        (FunctionModel(shop, {"demand": (0, 1)}, LINES), "ensembles.function_draws"),
        (FunctionModel(shop, UNCERTAIN, LINES, ("gain",)), "ensembles.function_measures"),
    ):
        with pytest.raises(InputError) as caught:
            run(model, DRAWS, [0], folder=tmp_path / "x")
        assert caught.value.key == key


def test_a_function_that_raises_is_named_by_line_and_future(tmp_path):
    def fragile(papers, demand, price):
        return {"profit": 1 / (papers - 60.0) if demand == DRAWS[5, 0] else 1.0}

    with pytest.raises(RunError) as caught:
        run(FunctionModel(fragile, UNCERTAIN, LINES), DRAWS, [0, 1], folder=tmp_path)
    assert caught.value.key == "ensembles.model_raised"
    assert (caught.value.values["line"], caught.value.values["future"]) == (1, 5)


PATH = [1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "lines", "key"),
    [
        (lambda late: None if late else {"profit": 1.0}, [0], "function_answer"),
        (lambda late: {"gain": 1.0} if late else {"profit": 1.0}, [0], "function_measures"),
        (lambda late: {"profit": 1.0} | ({"gain": 1.0} if late else {}), [0], "function_more"),
        (lambda late: {"profit": 1.0, "sold": PATH[late:]}, [0], "function_lengths"),
        (lambda late: {"profit": 1.0}, [0, 2], "function_line"),
        (lambda late: {"profit": 1.0}, [0, -1], "function_line"),
    ],
)
def test_an_answer_unlike_the_others_is_named_by_line_and_future(tmp_path, answer, lines, key):
    def moody(papers, demand, price):
        return answer(int(demand == DRAWS[5, 0]))

    with pytest.raises(InputError) as caught:
        run(FunctionModel(moody, UNCERTAIN, LINES), DRAWS, lines, folder=tmp_path / "x")
    assert caught.value.key == f"ensembles.{key}"
    if key != "function_line":
        assert (caught.value.values["line"], caught.value.values["future"]) == (0, 5)
