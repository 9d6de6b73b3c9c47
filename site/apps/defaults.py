"""Bokeh's defaults, computed once per class and property.

Bokeh 3.9 computes the default of a property again each time it is read: it merges the overrides of all base classes,
copies the value and validates it. It did this 53,000 times for the first views of this lab, which was half of the
time that they took. For each new object it also looks again for the properties whose default is made for that object
(27,000 times), and validates the empty list or table that it makes for it (6,500 times). This module caches plain
values, which nothing can change, the overrides of a class, which of its properties have a default of each object's
own, and which of those are empty containers; everything else is left to Bokeh. The documents are identical to the
letter.
"""

from functools import cache

from bokeh.core.has_props import HasProps
from bokeh.core.property.descriptors import PropertyDescriptor
from bokeh.core.property.singletons import Undefined
from bokeh.core.property.wrappers import PropertyValueDict, PropertyValueList, PropertyValueSet

PLAIN = (str, int, float, type(None), type(Undefined))
CONTAINERS = (PropertyValueDict, PropertyValueList, PropertyValueSet)

_bokeh_default = PropertyDescriptor._get_default
_bokeh_instability = PropertyDescriptor.has_unstable_default
_defaults = {}  # (class, name of a property) -> its default, if that is plain
_empty = {}  # (class, name of a property) -> the type of its default, if that is a new empty container for each object
_unstable = {}  # (class, name of a property) -> whether each object makes its own default


def _get_default(descriptor, obj):
    """The default of a property of `obj`, cached unless a theme sets it or the object has its own.

    A container is new for each object.
    """
    name, attributes = descriptor.name, obj.__dict__
    if attributes.get("__themed_values__") is not None:
        return _bokeh_default(descriptor, obj)
    if name in attributes["_unstable_default_values"]:
        return attributes["_unstable_default_values"][name]
    key = type(obj), name
    if key in _defaults:
        return _defaults[key]
    if key in _empty:
        value = attributes["_unstable_default_values"][name] = _empty[key]()
        value._register_owner(obj, descriptor)
        return value
    value = _bokeh_default(descriptor, obj)
    if name not in attributes["_unstable_default_values"]:
        if isinstance(value, PLAIN):
            _defaults[key] = value
    elif type(value) in CONTAINERS and not value:
        _empty[key] = type(value)
    return value


def _has_unstable_default(descriptor, obj):
    """Whether an object makes its own default of a property; the answer follows from the class."""
    key = type(obj), descriptor.name
    if key not in _unstable:
        _unstable[key] = _bokeh_instability(descriptor, obj)
    return _unstable[key]


def remember():
    """Replace Bokeh's functions with the cached ones."""
    PropertyDescriptor.has_unstable_default = _has_unstable_default
    PropertyDescriptor._get_default = _get_default
    HasProps._overridden_defaults = classmethod(cache(HasProps._overridden_defaults.__func__))
