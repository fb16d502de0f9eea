"""Property tests of hypothesis, made fit for Pants, which caches what a test says."""

from hypothesis import settings

# The same examples at every run, and no failure because the machine is busy.
settings.register_profile("lading", deadline=None, derandomize=True)
settings.load_profile("lading")
