"""A progress bar for what takes long."""

# Steps from which on work takes seconds.
_MANY = 2000


def with_progress(results, count, title):
    """The same results; a bar on stderr shows how far they are if there are very many.

    Args:
        results: iterable of `count` results.
        count: how many there are.
        title: what is being done, in two words.

    Returns:
        An iterable of the results.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    quiet = count < _MANY or not console.is_terminal
    return track(results, title, count, console=console, transient=True, disable=quiet)
