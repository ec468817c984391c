"""'How this model was made': what a model's card says beside what the library writes, as Markdown."""

from collections.abc import Iterator

from reporting import formats
from reporting.card.facts import CardFacts
from reporting.findings import amount
from reporting.verdict import lines, with_interval

NAMES = {"base": "base model", "baseline": "baseline settings", "best": "the search's best"}


def made_section(facts: CardFacts) -> list[str]:
    """Data, audit, results, threshold, search, and the command to repeat it."""
    return [
        *_data(facts),
        *_audit(facts),
        *_results(facts),
        *_use(facts),
        *_search(facts),
        *_repeat(facts),
    ]


def _data(facts: CardFacts) -> Iterator[str]:
    yield from ("## How this model was made", "")
    yield f"- **Task:** {facts['task']}, {facts['kind']} pairs, chosen by `{facts['metric']}` on dev"
    yield f"- **Base model:** {facts['base_model']}"
    if facts.get("dtype"):
        yield f"- **Weights:** {facts['dtype']}, as they were trained and judged"
    if facts.get("kept") == "base":
        yield "- **This model:** the base model, unchanged; what is said of losses and settings is what was tried"
    if any(prompts := facts.get("prompts", ("", ""))):
        yield f"- **Prompts:** {prompts[0]!r} before first texts, {prompts[1]!r} before second ones"
    yield f"- **Prepared pairs:** fingerprint `{facts['data_fingerprint']}`"
    if sizes := facts.get("pairs"):
        yield f"- **Splits:** {', '.join(f'{count:,} {split}' for split, count in sizes.items())}"
    if facts.get("split_rule"):
        yield f"- **Split rule:** {facts['split_rule']}"
    yield f"- **Seed:** {facts['seed']}"
    yield from (f"- **Loss:** {note}" for note in facts.get("loss_notes", []))
    if facts.get("versions"):
        yield f"- **Trained with:** {', '.join(f'{name} {value}' for name, value in facts['versions'].items())}"


def _audit(facts: CardFacts) -> Iterator[str]:
    if "audit" not in facts:
        return
    yield from ("", "### Audit of the pairs", "")
    if not facts["audit"]:
        yield "Nothing was found."
    for each in facts["audit"]:
        accepted = ", accepted" if each["severity"] == "error" else ""
        yield f"- **{each['code']}** ({each['severity']}{accepted}): {amount(each)}; {each['effect']}"


def _results(facts: CardFacts) -> Iterator[str]:
    yield from ("", "### Results", "", *_figures(facts))
    if notes := facts.get("notes"):
        yield from ("", *(f"- {note}" for note in notes))


def _figures(facts: CardFacts) -> Iterator[str]:
    if verdict := facts.get("verdict"):
        splits = verdict["splits"]
        yield f"| {facts['metric']} (95 % interval) | {' | '.join(splits)} |"
        yield "|:--|" + "--:|" * len(splits)
        for name in splits["dev"]["models"]:
            cells = " | ".join(with_interval(split["models"][name]) for split in splits.values())
            yield f"| {_column(facts, name)} | {cells} |"
        yield ""
        yield from (f"- {line}" for line in lines(verdict))
        if epochs := facts.get("baseline_epochs"):
            yield f"- epochs trained: baseline {epochs}, this model {facts.get('best_epochs') or 'none'}"
        return
    yield from (f"| on dev | {facts['metric']} | epochs |", "|:--|--:|--:|")
    yield f"| base model | {formats.score(facts.get('base'))} | |"
    yield f"| baseline settings | {formats.score(facts.get('baseline'))} | {facts.get('baseline_epochs', '')} |"
    yield f"| this model | {formats.score(facts.get('best'))} | {facts.get('best_epochs', '')} |"


def _use(facts: CardFacts) -> Iterator[str]:
    """Three lines of Python that score a pair."""
    threshold = (facts.get("verdict") or {}).get("threshold")
    decision = f" >= {formats.exact(threshold['value'])}" if threshold else ""
    yield from ("", "### Scoring pairs", "", "```python", "from sentence_transformers import SentenceTransformer", "")
    yield 'model = SentenceTransformer("PATH/TO/THIS/FOLDER")'
    first, second = ("encode_query", "encode_document") if any(facts.get("prompts", ())) else ("encode", "encode")
    yield f'print(model.similarity(model.{first}("one text"), model.{second}("another")).item(){decision})'
    yield from (
        "```",
        "",
        "Many pairs: `python -m jobs.score PATH/TO/THIS/FOLDER FILE --columns a,b --out scored.parquet`",
    )


def _search(facts: CardFacts) -> Iterator[str]:
    if space := facts.get("search_space"):
        counts = ", ".join(f"{count} {state}" for state, count in facts.get("states", {}).items())
        yield from ("", "### Search", "", f"Trials: {counts}.{_cost(facts)}", "")
        tried = {"baseline": facts.get("baseline_settings", {}), "best": facts.get("settings", {})}
        if tried["best"] == tried["baseline"]:
            del tried["best"]
        yield f"| setting | searched | {' | '.join(_column(facts, name) for name in tried)} |"
        yield "|:--|:--|" + "--:|" * len(tried)
        for name, allowed in space.items():
            yield f"| {name} | {allowed} | {' | '.join(formats.number(each.get(name)) for each in tried.values())} |"


def _column(facts: CardFacts, name: str) -> str:
    return f"{NAMES[name]}{' (this model)' if name == facts.get('kept') else ''}"


def _cost(facts: CardFacts) -> str:
    if "core_seconds" not in facts:
        return ""
    return f" {formats.duration(facts['wall_s'])} of wall time, {facts['core_seconds']:,.0f} core- or GPU-seconds."


def _repeat(facts: CardFacts) -> Iterator[str]:
    yield from ("", "### To make it again from the prepared pairs", "", "```bash", facts["reproduce"], "```")
    if facts.get("stopped"):
        yield from ("", facts["stopped"])
