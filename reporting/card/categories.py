"""Write how a text is assigned to a category by the vectors that are stored with a model."""

from collections.abc import Iterator

from reporting.result import RunResult

MADE = {
    "centroid": "the centroid of the category's training texts (the mean of their embeddings of length 1), scaled to "
    "length 1",
    "mix": "the sum of two vectors of length 1, scaled to length 1: the embedding of the category's text, and the "
    "centroid of its training texts (the mean of their embeddings of length 1)",
}
"""Way -> what a vector is. Of more than 5,000 training texts, 5,000 are used, drawn with the run's seed."""


def category_lines(result: RunResult, prompted: bool) -> Iterator[str]:
    """Yield the lines of a card's section; none for a model without stored vectors.

    Args:
        result: of the run.
        prompted: whether texts are read with prompts.
    """
    if result.kept not in MADE:
        return
    yield from ("", "### Assigning a category", "")
    yield f"`categories.safetensors` has a vector for each category: {MADE[result.kept]}."
    yield "Dev chose it over the category's text alone. `jobs.evaluate` and `jobs.score` use it without being asked."
    yield from (
        "",
        "```python",
        "import json",
        "",
        "from safetensors import safe_open",
        "from sentence_transformers import SentenceTransformer",
        "",
        'folder = "PATH/TO/THIS/FOLDER"',
        'with safe_open(f"{folder}/categories.safetensors", framework="pt") as stored:',
        '    vectors, names = stored.get_tensor("vectors"), json.loads(stored.metadata()["names"])',
        "model = SentenceTransformer(folder)",
        f'scores = model.similarity(model.{"encode_query" if prompted else "encode"}("one text"), vectors)',
        "print(names[scores.argmax().item()])",
        "```",
    )
