"""Settings of every test: reproducible examples, no deadline on a slow machine."""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")
