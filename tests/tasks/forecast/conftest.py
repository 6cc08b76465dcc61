"""Fixtures of the tests of forecasters."""

from collections.abc import Callable

import pytest

from forecast_models import TINY, VARIANTS, waves
from unrolled import Forecaster
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.service import ForecasterService


@pytest.fixture(scope="module")
def served() -> Callable[[str], ForecasterService]:
    """``served("direct")`` is the service of a small model of that variant."""
    made: dict[str, ForecasterService] = {}

    def make(variant: str) -> ForecasterService:
        if variant not in made:
            runtime = Forecaster(**TINY | VARIANTS[variant]).fit(waves(), progress=False).runtime()
            made[variant] = ForecasterService(runtime, Limits())
        return made[variant]

    return make
