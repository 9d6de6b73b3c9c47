"""The error of all modules that make the pages, which the quick loop of `serve` can show."""


class PageError(ValueError):
    """A text of the site that cannot be rendered; the message names the file and what is wrong."""
