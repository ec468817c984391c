"""Names of what a scored folder holds while it is written and after."""

MARK = "_scored.json"
STAGED = "_staged"
"""The input in parts, below the output; a leading underscore hides both from readers of the folder."""


def name_of(part: int) -> str:
    """Of a part's file."""
    return f"part-{part:05d}.parquet"
