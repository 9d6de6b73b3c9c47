"""Remembered Bokeh defaults: they equal Bokeh's own, and no mutable object is shared."""

import json

import pytest
from apps import defaults
from apps.bridge import Bridge
from bokeh.core.has_props import HasProps
from bokeh.core.property.descriptors import PropertyDescriptor
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource, Plot, Slider
from bokeh.plotting import figure
from bokeh.themes import Theme


@pytest.fixture
def use_bokeh_defaults(monkeypatch):
    """Make Bokeh work out its defaults itself, from the call on."""

    def restore():
        monkeypatch.setattr(PropertyDescriptor, "_get_default", defaults._bokeh_default)
        monkeypatch.setattr(PropertyDescriptor, "has_unstable_default", defaults._bokeh_instability)
        worked_out = HasProps._overridden_defaults.__func__.__wrapped__
        monkeypatch.setattr(HasProps, "_overridden_defaults", classmethod(worked_out))

    return restore


def test_remembered_defaults_give_the_same_first_views(use_bokeh_defaults):
    """Bokeh's own defaults and the remembered ones give the same first views of all parts."""
    remembered = json.loads(Bridge(lambda text: None, None).documents())
    use_bokeh_defaults()
    assert json.loads(Bridge(lambda text: None, None).documents()) == remembered


def test_every_remembered_default_equals_bokehs(use_bokeh_defaults):
    """Each remembered default equals the value in a new object of its class."""
    Bridge(lambda text: None, None).documents()
    use_bokeh_defaults()
    assert len(defaults._defaults) > 500
    for (kind, name), value in list(defaults._defaults.items()):
        if issubclass(kind, Model):
            assert kind().lookup(name)._get_default(kind()) == value, (kind, name)


def test_an_empty_container_belongs_to_its_object_as_with_bokeh(use_bokeh_defaults):
    """A remembered empty container has Bokeh's type, is new for each object, and tells its owner about changes."""
    Bridge(lambda text: None, None).documents()
    kinds = [(kind, name) for kind, name in defaults._empty if issubclass(kind, Model)]
    assert len(kinds) > 200
    for kind, name in kinds:
        mine, other = getattr(kind(), name), getattr(kind(), name)
        assert mine is not other, (kind, name)
        assert not mine or kind is figure, (kind, name)  # a figure adds its axes to its own
    Plot()  # from now on the default is remembered
    plot, changes = Plot(), []
    plot.on_change("tags", lambda attr, old, new: changes.append((old, list(new))))
    plot.tags.append("one")
    assert changes == [([], ["one"])] and Plot().tags == []
    use_bokeh_defaults()
    for kind, name in kinds:
        assert type(getattr(kind(), name)) is defaults._empty[kind, name], (kind, name)


def test_what_an_object_makes_itself_is_as_bokeh_says(use_bokeh_defaults):
    """For each class and property that was asked for, Bokeh gives the same answer for a new object of the class."""
    Bridge(lambda text: None, None).documents()
    use_bokeh_defaults()
    assert {True, False} == set(defaults._unstable.values())
    for (kind, name), unstable in list(defaults._unstable.items()):
        if issubclass(kind, Model):
            assert kind().lookup(name).has_unstable_default(kind()) == unstable, (kind, name)


def test_objects_share_no_mutable_value():
    """Two plots have separate toolbars, two sources separate data, and a changed list belongs to one object."""
    first, second = Plot(), Plot()
    assert first.toolbar is not second.toolbar
    first.renderers.append(first.title)
    assert second.renderers == [] == Plot().renderers
    source = ColumnDataSource()
    source.data["x"] = [1]
    assert "x" not in ColumnDataSource().data


def test_a_theme_applies_only_to_its_document():
    """A theme applies to its document, even if a default is remembered, and not afterwards."""
    slider = Slider(start=0, end=1, value=0)
    assert slider.show_value is True
    document = Document(theme=Theme(json={"attrs": {"Slider": {"show_value": False}}}))
    document.add_root(slider)
    assert slider.show_value is False
    document.remove_root(slider)
    assert Slider(start=0, end=1, value=0).show_value is True
