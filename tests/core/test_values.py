"""Values: a number always has its kind."""

import pytest

from dataselect_core.values import KINDS, Value, cited, measured, modelled


@pytest.mark.parametrize(("make", "kind"), [(measured, "measured"), (modelled, "modelled"), (cited, "cited")])
def test_each_constructor_gives_its_kind(make, kind):
    """Number, unit, kind and source are returned as given, and also as a dictionary."""
    value = make(3.5, "nats", "somewhere")
    assert value == Value(3.5, "nats", kind, "somewhere")
    assert value.as_dict() == {"value": 3.5, "unit": "nats", "kind": kind, "source": "somewhere"}
    assert kind in KINDS


def test_another_kind_is_refused():
    """A kind other than the three is refused by name, and a value without a kind is refused."""
    with pytest.raises(ValueError, match="kind must be one of measured, modelled, cited, not 'guessed'"):
        Value(1, "", "guessed")
    with pytest.raises(TypeError):
        Value(1, "")


def test_a_value_is_immutable():
    """Nobody can turn a modelled number into a measured one."""
    with pytest.raises(AttributeError):
        modelled(1).kind = "measured"
