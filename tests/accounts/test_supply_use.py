"""The four models, and imports split from competitive tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.accounts.supply_use import SupplyUse, split_imports
from kachisuji.words import InputError
from tests.accounts.conftest import random_economy

SEEDS = st.integers(0, 10**6)


def tables(seed, products=3, industries=3):
    rng = np.random.default_rng(seed)
    make = rng.integers(0, 10, (industries, products)) + 60.0 * np.eye(industries, products)
    use = rng.integers(0, 12, (products, industries)).astype(float)
    q = make.sum(0)
    final = np.column_stack([q - use.sum(1) - 3, np.full(products, 3.0)])
    g = make.sum(1)
    wages = 0.5 * (g - use.sum(0))
    primary = np.vstack([wages, g - use.sum(0) - wages])
    return SupplyUse(
        tuple(f"p{k}" for k in range(products)),
        tuple(f"i{k}" for k in range(industries)),
        ("home", "exports"),
        make,
        use,
        final,
        ("wages", "surplus"),
        primary,
        "X",
        {"year": 2020, "exports_categories": ("exports",)},
    )


@given(seed=SEEDS, model=st.sampled_from("ABCD"))
def test_every_model_keeps_what_it_must(seed, model):
    sut = tables(seed)
    table = sut.economy(model)
    output = sut.product_output if model in "AB" else sut.industry_output
    np.testing.assert_allclose(table.x, output, rtol=1e-9)
    assert table.value_added.sum() == pytest.approx(sut.primary.sum())
    assert table.Y.sum() == pytest.approx(sut.final.sum())
    # value added as the residual of the table is what the primary inputs say, sector by sector
    np.testing.assert_allclose(
        table.extensions["primary"].values.sum(0), table.value_added, rtol=1e-7, atol=1e-7
    )


@given(seed=SEEDS)
def test_what_the_models_assume(seed):
    sut = tables(seed)
    g, q = sut.industry_output, sut.product_output
    A = sut.economy("A")
    # product technology: an industry's inputs are those of its products, added up
    np.testing.assert_allclose((A.Z / A.x) @ sut.make.T, sut.use, atol=1e-8)
    B = sut.economy("B")
    # industry technology: a product's inputs are those of its makers, by their shares in it
    np.testing.assert_allclose(B.Z / B.x, (sut.use / g) @ (sut.make / q), atol=1e-10)
    D = sut.economy("D")
    np.testing.assert_allclose(D.Z, (sut.make / q) @ sut.use, atol=1e-10)


def test_one_product_an_industry_makes_all_models_one():
    sut = tables(4)
    from dataclasses import replace

    pure = replace(sut, make=np.diag(sut.product_output), use=sut.use)
    first = pure.economy("A")
    for model in "BCD":
        np.testing.assert_allclose(pure.economy(model).Z, first.Z, atol=1e-9)


def test_products_that_nobody_makes_keep_a_row():
    sut = tables(1, products=4)
    from dataclasses import replace

    make = sut.make.copy()
    make[:, 3] = 0
    final = sut.final.copy()
    final[3] = [-sut.use[3].sum(), 0]  # all of it imported
    table = replace(sut, make=make, final=final).economy("D")
    assert table.sectors[-1] == "p3"
    np.testing.assert_array_equal(table.Z[-1, :3], sut.use[3])
    assert table.x[-1] == 0
    assert table.value_added[:3].sum() == pytest.approx((make.sum(1) - sut.use.sum(0)).sum())


def test_what_models_refuse():
    with pytest.raises(InputError, match="as many products as industries"):
        tables(1, products=4).economy("A")
    with pytest.raises(InputError, match="no model 'E'"):
        tables(1).economy("E")
    from dataclasses import replace

    with pytest.raises(InputError, match="no inverse"):
        replace(tables(1), make=np.ones((3, 3))).economy("C")
    with pytest.raises(InputError, match="shape"):
        replace(tables(1), use=np.ones((3, 2)))
    with pytest.raises(InputError) as caught:
        replace(tables(1), use=np.full((3, 3), np.inf))
    assert (caught.value.row, caught.value.column) == (1, "1")


@given(seed=SEEDS)
def test_splitting_imports(seed):
    base = random_economy(seed, R=1, S=3, F=3)
    Y = np.array(base.Y)
    Y[:, 2] = -0.3 * (base.Z.sum(1) + Y[:, 0])
    table = random_economy(
        seed, R=1, S=3, F=3, Z=base.Z, Y=Y, categories=("home", "exports", "imports"),
        exports_categories=("exports",),
    )  # fmt: skip
    split = split_imports(table, "imports")
    np.testing.assert_allclose(split.x[:3], table.x)
    np.testing.assert_allclose(split.value_added[:3], table.value_added)
    np.testing.assert_allclose(split.x[3:], -Y[:, 2])
    np.testing.assert_allclose(split.exports[:3, 1], Y[:, 1])
    home = slice(0, 3)
    np.testing.assert_allclose(split.Z[home, home], 0.7 * table.Z)


def test_splitting_imports_refuses():
    table = random_economy(1, R=1, S=3, F=2)
    with pytest.raises(InputError, match="one region"):
        split_imports(random_economy(1), "f0")
    Y = np.array(table.Y)
    Y[1, 1] = -10_000
    with pytest.raises(InputError, match="exceed"):
        split_imports(random_economy(1, R=1, S=3, F=2, Z=table.Z, Y=Y), "f1")
