"""The prices and rates that costs are computed from, each with its source and date."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dataselect_core.arguments import amount
from dataselect_core.facts import load
from dataselect_core.values import Value


@dataclass(frozen=True)
class Assumption:
    """A number that a cost depends on.

    Attributes
    ----------
    name, title : str
        Name in the code, and name that a reader sees.
    value : float
    unit : str
    kind : {"modelled", "cited"}
    source, date : str
    minimum, maximum : float
        Range of an edited value.
    default : float
        The value before anyone edited it.
    """

    name: str
    title: str
    value: float
    unit: str
    kind: str
    source: str
    date: str
    minimum: float
    maximum: float
    default: float

    def as_value(self) -> Value:
        """The assumption as a `Value`, with its kind and source."""
        return Value(self.value, self.unit, self.kind, f"{self.source} ({self.date})")


class Assumptions:
    """The prices and rates that a cost is computed from; immutable.

    `assumptions.gpu_hour_price` is the number, `assumptions["gpu_hour_price"]` the `Assumption`.
    Iterating gives the names, in the order of facts/prices.json.

    Parameters
    ----------
    **edited : float
        Values in place of the defaults, by name; these are then "modelled", set by the reader.

    Raises
    ------
    ValueError
        If a name is unknown, or a value is not finite or outside the range of its assumption.
    TypeError
        If a value is not a number.
    """

    _items: dict[str, Assumption]
    _edited: dict[str, float]
    if TYPE_CHECKING:  # each assumption is an attribute

        def __getattr__(self, name: str) -> float: ...

    def __init__(self, **edited: float) -> None:
        items = {
            name: Assumption(name=name, default=fact["value"], **fact)
            for name, fact in load("prices").items()
        }
        for name, value in edited.items():
            if name not in items:
                raise ValueError(
                    f"there is no assumption named {name!r}; the assumptions are {', '.join(items)}"
                )
            a = items[name]
            value = amount(name, value)
            if not a.minimum <= value <= a.maximum:
                raise ValueError(
                    f"{name} must be from {a.minimum:g} to {a.maximum:g} {a.unit}, not {value:g}"
                )
            if value != a.default:
                items[name] = replace(
                    a, value=value, kind="modelled", source="set by the reader", date="this session"
                )
        # This bypasses __setattr__, which refuses every assignment.
        self.__dict__.update({name: a.value for name, a in items.items()}, _items=items, _edited=edited)

    def replace(self, **edited: float) -> "Assumptions":
        """A copy with some values changed; it raises the same errors as the class itself.

        Parameters
        ----------
        **edited : float
            New values by name; a name set to its default gets its original source again.

        Returns
        -------
        Assumptions
        """
        return Assumptions(**{**self._edited, **edited})

    def __getitem__(self, name: str) -> Assumption:
        return self._items[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("assumptions are immutable; use assumptions.replace(name=value)")

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other):
        return isinstance(other, Assumptions) and self._items == other._items

    def __repr__(self):
        return "Assumptions(" + ", ".join(f"{name}={a.value!r}" for name, a in self._items.items()) + ")"
