"""The error of all that makes the pages, so that the quick loop of `serve` can show it."""


class PageError(ValueError):
    """A text of the site that cannot be rendered; the message names the file and what is wrong."""
