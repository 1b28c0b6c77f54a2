"""What every test runs under."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steepest", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("steepest")


@pytest.fixture
def line():
    """The tutorial's training data."""
    x = np.arange(1.0, 301.0)[:, None]
    return x, 0.5 * x[:, 0] + 2
