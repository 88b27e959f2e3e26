"""What this project writes in docstrings, for Griffe, which reads Google's style."""

import griffe


class Examples(griffe.Extension):
    """Show what stands after `>>>`, up to the next empty line, as code."""

    def on_object(self, *, obj, **kwargs):
        """Put fences around examples."""
        if obj.docstring is not None:
            parts = obj.docstring.value.split("\n\n")
            obj.docstring.value = "\n\n".join(map(shown, parts))


def shown(part):
    """A paragraph of a docstring as Markdown."""
    if part.startswith(">>>"):
        return f"```pycon\n{part}\n```"
    return "**Example:**" if part == "Example:" else part
