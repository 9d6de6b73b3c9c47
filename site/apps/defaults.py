"""Bokeh's defaults, computed once per class and property.

Bokeh 3.9 computes the default of a property again each time it is read: it merges the overrides of all base classes,
copies the value and validates it. It did this 53,000 times for the first views of this lab, which was half of the
time that they took. This module caches plain values, which nothing can change, and the overrides of a class;
everything else is left to Bokeh. The documents are identical to the letter.
"""

from functools import cache

from bokeh.core.has_props import HasProps
from bokeh.core.property.descriptors import PropertyDescriptor
from bokeh.core.property.singletons import Undefined

PLAIN = (str, int, float, type(None), type(Undefined))

_bokeh_default = PropertyDescriptor._get_default
_defaults = {}  # (class, name of a property) -> its default, if that is plain


def _get_default(descriptor, obj):
    """The default of a property of `obj`, cached unless a theme sets it or the object has its own."""
    name, attributes = descriptor.name, obj.__dict__
    if attributes.get("__themed_values__") is not None:
        return _bokeh_default(descriptor, obj)
    if name in attributes["_unstable_default_values"]:
        return attributes["_unstable_default_values"][name]
    key = type(obj), name
    if key in _defaults:
        return _defaults[key]
    value = _bokeh_default(descriptor, obj)
    if isinstance(value, PLAIN) and name not in attributes["_unstable_default_values"]:
        _defaults[key] = value
    return value


def remember():
    """Replace Bokeh's functions with the cached ones."""
    PropertyDescriptor._get_default = _get_default
    HasProps._overridden_defaults = classmethod(cache(HasProps._overridden_defaults.__func__))
