"""Name the files of a scored folder, during and after writing."""

MARK = "_scored.json"
"""Key of the request, and the rows of each part."""
STAGED = "_staged"
"""Folder of the input in parts, below the output; a leading underscore hides both names from readers."""


def name_of(part: int) -> str:
    """Return the name of a part's file."""
    return f"part-{part:05d}.parquet"
