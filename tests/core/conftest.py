"""What the tests of the core share: Hypothesis without its stopwatch, since machines that run tests are busy."""

from hypothesis import settings

settings.register_profile("lab", deadline=None)
settings.load_profile("lab")
