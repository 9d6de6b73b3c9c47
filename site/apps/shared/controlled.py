"""A workbench whose settings are its controls: set by a link, a record or the reader, and checked each time."""

import panel as pn

from apps.shared.workbench import Workbench


class Controlled(Workbench):
    """A workbench with `controls`: name of a setting -> widget, made by a subclass."""

    def settings(self):
        """The settings from which a link or a record restores this state.

        A slider adds up its steps in the browser: .7 may arrive as .7000000000000001, which is another setting.
        """
        return {
            name: round(control.value, 4) if isinstance(control.value, float) else control.value
            for name, control in self.controls.items()
        }

    def set(self, name, value):
        """Set one control; ValueError for a value it cannot take."""
        if name not in self.controls:
            raise ValueError(f"there is no setting {name!r}, only {', '.join(self.controls)}")
        self.check(name, self.controls[name], value)
        self.controls[name].value = value

    def check(self, name, control, value):
        """Raise ValueError if a control cannot have this value."""
        options = getattr(control, "options", None)
        if options is not None:
            allowed = list(options.values()) if isinstance(options, dict) else options
            if isinstance(value, bool) or value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")
            return
        is_integer = isinstance(control, pn.widgets.IntInput)
        if isinstance(value, bool) or not isinstance(value, int if is_integer else (int, float)):
            raise ValueError(f"{name} must be a {'whole ' if is_integer else ''}number, not {value!r}")
        if not control.start <= value <= control.end:
            raise ValueError(f"{name} must be between {control.start} and {control.end}, not {value!r}")

    def is_valid(self):
        """Whether the values of all controls are valid: the page can send an empty field."""
        attempts = [self.attempt(self.check, name, c, c.value) for name, c in self.controls.items()]
        return all(attempts)  # not a generator: every wrong value is reported to the page

    def attempt(self, action, *arguments):
        """Call `action` and return whether it worked; if it raises ValueError, report the reason to the page."""
        try:
            action(*arguments)
        except ValueError as error:
            self.say("ignored", text=str(error))
            return False
        return True
