"""One BLAS thread for the small systems of these tests: more only wait for each other."""

import pytest
import scipy.linalg  # noqa: F401 - its BLAS must be there to be limited
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    with threadpool_limits(1):
        yield
