"""What this project writes in docstrings, for Griffe, which reads Google's style."""

import re

import griffe


class Sections(griffe.Extension):
    """Take `Example:` for the section of code that it is."""

    def on_object(self, *, obj, **kwargs):
        """Rename the section."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(
                r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE
            )
