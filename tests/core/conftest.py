"""Settings for all tests of the core: Hypothesis without deadlines, since machines that run tests are busy."""

from hypothesis import settings

settings.register_profile("lab", deadline=None)
settings.load_profile("lab")
