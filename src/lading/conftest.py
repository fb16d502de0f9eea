"""Configures hypothesis' property tests for Pants, which caches the results of tests."""

from hypothesis import settings

# The same examples in every run, and no failures because the machine is busy.
settings.register_profile("lading", deadline=None, derandomize=True)
settings.load_profile("lading")
