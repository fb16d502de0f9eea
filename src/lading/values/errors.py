"""The exception for everything that a user can fix."""


class LadingError(Exception):
    """A mistake in the input, described in one or two full sentences.

    The text names the field or file, what was found there, and the remedy. It does not name the
    target: whoever knows the target's address puts it in front.
    """
