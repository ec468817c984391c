"""Write how a text is assigned to a category: by vectors that are stored with a model, or by the categories' texts."""

from collections.abc import Iterator, Sequence

from reporting.card.facts import FOLDER
from reporting.result import RunResult

MADE = {
    "centroid": "the centroid of the category's training texts (the mean of their embeddings of length 1), scaled to "
    "length 1",
    "mix": "the sum of two vectors of length 1, scaled to length 1: the embedding of the category's text, and the "
    "centroid of its training texts (the mean of their embeddings of length 1)",
}
"""Way -> what a vector is. Of more than 5,000 training texts, 5,000 are used, drawn with the run's seed."""
MOST_LISTED = 50
"""Categories that the Python lists; it reads more of them from a file."""


def category_lines(result: RunResult, prompted: bool, categories: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a card's section; none for a model without stored vectors if it knows no categories.

    Args:
        result: of the run.
        prompted: whether texts are read with prompts.
        categories: the categories' texts; none if the kind has no categories.
    """
    first, second = ("encode_query", "encode_document") if prompted else ("encode", "encode")
    if result.kept in MADE:
        yield from ("", "### Assigning a category", "")
        yield f"`categories.safetensors` has a vector for each category: {MADE[result.kept]}."
        yield "Dev chose it over the category's text alone. `jobs.evaluate` and `jobs.score` use it by themselves."
        yield from _python(_stored(), "vectors", first)
    elif categories:
        yield from ("", "### Assigning a category", "")
        yield "A text belongs to the category whose text has the highest cosine with it."
        yield from _python(_named(categories), f"model.{second}(names)", first)


def _python(imports_and_names: tuple[list[str], list[str]], vectors: str, encode: str) -> Iterator[str]:
    imports, names = imports_and_names
    yield from ("", "```python", *imports, "from sentence_transformers import SentenceTransformer", "")
    yield f'folder = "{FOLDER}"'
    yield from (*names, "model = SentenceTransformer(folder)")
    yield f'scores = model.similarity(model.{encode}("one text"), {vectors})'
    yield from ("print(names[scores.argmax().item()])", "```")


def _stored() -> tuple[list[str], list[str]]:
    """Return the imports and the lines that read the stored vectors and the names of the categories."""
    return ["import json", "", "from safetensors import safe_open"], [
        'with safe_open(f"{folder}/categories.safetensors", framework="pt") as stored:',
        '    vectors, names = stored.get_tensor("vectors"), json.loads(stored.metadata()["names"])',
    ]


def _named(categories: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the imports and the lines that give the categories' texts."""
    if len(categories) <= MOST_LISTED:
        return [], ["names = [", *(f"    {name!r}," for name in categories), "]"]
    names = 'names = Path("categories.txt").read_text().splitlines()'
    return ["from pathlib import Path", ""], [f"{names}  # the {len(categories):,} categories, one on each line"]
