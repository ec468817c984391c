"""Measure how much of the texts a model does not see."""

from collections.abc import Callable, Iterator

from audit.finding import Finding
from audit.limits import EXAMPLES, TRUNCATED_WARNING
from audit.plan import Plan
from audit.scan import Facts

Lengths = Callable[[list[str]], list[int]]
"""Texts -> their numbers of tokens, special ones included, nothing cut off."""


def check(plan: Plan, train: Facts, lengths: Lengths) -> Iterator[Finding]:
    """Count the tokens of the distinct texts in the sample of train, each with its prompt.

    Args:
        plan: says how many tokens the model reads.
        train: the facts about train.
        lengths: counts tokens.
    """
    assert plan.max_length is not None
    sample, prompts = train.sample, plan.prompts
    row_of: dict[str, int] = {}
    for row, pair in zip(sample.rows, zip(sample.first, sample.second, strict=True), strict=True):
        for prompt, text in zip(prompts, pair, strict=True):
            row_of.setdefault(prompt + text, row)
    if not row_of:
        return
    tokens = dict(zip(row_of, lengths(list(row_of)), strict=True))
    cut = [text for text, count in tokens.items() if count > plan.max_length]
    if len(cut) / len(tokens) > TRUNCATED_WARNING:
        lost = sum(tokens[text] - plan.max_length for text in cut)
        yield Finding(
            code="truncated",
            severity="warning",
            count=len(cut),
            share=len(cut) / len(tokens),
            statistic={
                "texts": len(tokens),
                "max_length": plan.max_length,
                **({} if plan.positions is None else {"base_model_positions": plan.positions}),
                "share_of_tokens": lost / sum(tokens.values()),
                "longest": max(tokens.values()),
            },
            rows=[("train", row_of[text]) for text in sorted(cut, key=lambda text: -tokens[text])[:EXAMPLES]],
        )
