"""The figures of the lab, part by part: a path such as `removed.words_share`, and a `Value` with its kind.

Page and report show the same figures, and `recompute` of each part makes them anew from the settings alone.
"""
