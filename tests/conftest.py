"""What every test runs under."""

from hypothesis import HealthCheck, settings

settings.register_profile("steepest", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("steepest")
