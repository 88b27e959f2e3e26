"""CSV files that describe the images of a folder."""

import csv
import os


def read_table(path, columns):
    """Reads the lines of a CSV file.

    Args:
        path: the file, whose first line names its columns.
        columns: names of the columns that it must have.

    Returns:
        A list of dicts.

    Raises:
        ValueError: if a column is missing.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = sorted(set(columns) - set(reader.fieldnames or ()))
        if missing:
            raise ValueError(
                f"`path` must have the columns {', '.join(columns)}. "
                f"Received: '{path}', without {', '.join(missing)}"
            )
        return list(reader)


def lines_of_images(path, source, columns):
    """Reads what a CSV file says of each image of a folder.

    Args:
        path: the file; its column `file` has the names of images without their folders.
        source: a source of `pipelines.from_folder`.
        columns: names of the other columns that it must have.

    Returns:
        A list with a list of dicts for each image, in the order of the source.

    Raises:
        ValueError: if a column or an image is missing.
    """
    found = {}
    for line in read_table(path, ("file", *columns)):
        found.setdefault(line["file"], []).append(line)
    names = [os.path.basename(each) for each in source.paths]
    unknown = [name for name in names if name not in found]
    if unknown:
        raise ValueError(
            f"`path` must describe every image. '{path}' lacks {len(unknown)} of {len(names)}, the "
            f"first: {unknown[0]}"
        )
    return [found[name] for name in names]
