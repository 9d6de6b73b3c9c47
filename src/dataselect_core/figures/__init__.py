"""The figures of the lab, part by part: each has a path such as `removed.words_share`, and a `Value` with its kind.

Page and report show the same figures, and `recompute` of each part computes them again from the settings alone.
"""
