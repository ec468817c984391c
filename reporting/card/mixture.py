"""Write how a mixture of weights is made again: the trainings, and the Python that mixes them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEADING = "### Make these weights again"


def mixture_lines(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a card's section; none for weights that one training gives.

    Args:
        parts: model (a folder or a name) and fraction; for a training also its command, trial and steps, and whether
            the trial was trained to its end.
    """
    if not parts:
        return
    named = " and ".join(f"{part['fraction']:.4g} of {part.get('trial', 'the base model')}" for part in parts)
    yield from ("", HEADING, "")
    yield f"The weights are a mixture: {named}, parameter by parameter. No single command gives them. Train first:"
    yield from ("", "```bash", *(part["command"] for part in parts if "command" in part), "```", "")
    for part in parts:
        if "command" in part and not part["whole"]:
            yield (
                f"{part['trial']} was stopped early and has the weights after step {part['steps']}; the command trains "
                "all epochs and saves the best of its own."
            )
    yield from ("Then mix:", "", "```python", "from sentence_transformers import SentenceTransformer", "")
    yield f"model = SentenceTransformer({parts[0]['model']!r})"
    yield "parts = ["
    yield from (f"    (SentenceTransformer({part['model']!r}).state_dict(), {part['fraction']!r})," for part in parts)
    yield from (
        "]",
        "mixed = {",
        "    name: sum(own[name] * fraction for own, fraction in parts) if weight.is_floating_point() else weight",
        "    for name, weight in parts[0][0].items()",
        "}",
        "model.load_state_dict(mixed)",
        'model.save_pretrained("mixed")',
        "```",
    )
