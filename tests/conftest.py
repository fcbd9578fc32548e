"""Property-based tests draw the same examples in every run; ``--hypothesis-profile=explore`` looks for new ones."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("fixed")
