"""Write 'How this model was made', the section of a model card that the library does not write, as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from common.base_names import is_untuned
from common.space import plain_text
from reporting import formats, refined
from reporting.card.categories import category_lines
from reporting.card.facts import FOLDER
from reporting.card.mixture import mixture_lines
from reporting.findings import amount
from reporting.formats import base_model, with_interval
from reporting.refit import refit_line, refit_row
from reporting.result import RunResult
from reporting.run import Run
from reporting.trials import epochs_reached
from reporting.verdict import lines

NAMES = {
    "baseline": "baseline settings",
    "best": "the search's best",
    **refined.NAMES,
}
VERSIONS = ("torch", "transformers", "sentence-transformers", "ray")


def section_lines(run: Run) -> list[str]:
    """Return the lines of data, audit, results, threshold, search, and the command to repeat the training.

    Args:
        run: with its result.

    Raises:
        ValueError: it has no result.
    """
    if run.result is None:
        raise ValueError(f"{run.folder} has no result, so no model was made")
    return [
        *_data(run, run.result),
        *_audit(run),
        *_results(run, run.result),
        *_use(run),
        *_search(run, run.result),
        *_repeat(run.result),
    ]


def _data(run: Run, result: RunResult) -> Iterator[str]:
    settings, manifest = run.settings, run.data.get("manifest", {})
    yield from ("## How this model was made", "")
    yield f"- **Task:** {settings['task']}, {settings['kind']} pairs, chosen by `{result.metric}` on dev"
    yield f"- **Base model:** {run.as_read['base_model']}"
    if result.dtype:
        yield f"- **Weights:** {result.dtype}, as trained and evaluated"
    if is_untuned(result.whose or ""):
        yield "- **This model:** the base model, unchanged; losses and settings below are those that were tried"
    if result.refit:
        yield f"- **This model:** {refit_line(result.refit, result.kept or '')}. `best/` beside it is what was judged"
        if decided_on := result.refit["decided_on"]:
            yield f"- **Threshold and probability:** from {decided_on}"
    if any(prompts := run.as_read.get("prompts", ("", ""))):
        yield f"- **Prompts:** {prompts[0]!r} before first texts, {prompts[1]!r} before second ones"
    yield f"- **Prepared pairs:** fingerprint `{run.data['fingerprint']}`"
    if sizes := settings.get("pairs"):
        yield f"- **Splits:** {', '.join(f'{count:,} {split}' for split, count in sizes.items())}"
    if rule := manifest.get("split_rule"):
        yield f"- **Split rule:** {rule}"
    yield f"- **Seed:** {settings['seed']}"
    yield from (f"- **Loss:** {note}" for note in result.loss_notes)
    versions = run.environment.get("versions", {})
    if shown := [f"{name} {versions[name]}" for name in VERSIONS if name in versions]:
        yield f"- **Trained with:** {', '.join(shown)}"


def _audit(run: Run) -> Iterator[str]:
    if "findings" not in run.audit:
        return
    yield from ("", "### Audit of the pairs", "")
    if not run.audit["findings"]:
        yield "No problem was found."
    for finding in run.audit["findings"]:
        accepted = ", accepted" if finding["severity"] == "error" else ""
        yield f"- **{finding['code']}** ({finding['severity']}{accepted}): {amount(finding)}; {finding['effect']}"


def _results(run: Run, result: RunResult) -> Iterator[str]:
    yield from ("", "### Results", "", *(_compared(run.verdict, result) if run.verdict else _on_dev(result)))
    if result.notes:
        yield from ("", *(f"- {note}" for note in result.notes))


def _compared(verdict: Mapping[str, Any], result: RunResult) -> Iterator[str]:
    splits = verdict["splits"]
    yield f"| {result.metric} (95 % interval) | {' | '.join(splits)} |"
    yield "|:--|" + "--:|" * len(splits)
    for name in splits["dev"]["models"]:
        cells = " | ".join(with_interval(split["models"][name]) for split in splits.values())
        yield f"| {_column(result, name)} | {cells} |"
    if result.refit:
        yield f"| trained again (this model) | {refit_row(result.refit, splits)} |"
    for name in splits["dev"].get("yardsticks") or {}:
        cells = " | ".join(with_interval(split["yardsticks"][name]["value"]) for split in splits.values())
        yield f"| {name} (yardstick) | {cells} |"
    yield ""
    yield from (f"- {line}" for line in lines(verdict))
    if epochs := _epochs(result, "baseline"):
        yield f"- epochs trained: baseline {epochs}, this model {_epochs(result, result.whose) or 'none'}"


def _on_dev(result: RunResult) -> Iterator[str]:
    values = {"base": result.base, "baseline": result.baseline, "best": result.best}
    yield from (f"| on dev | {result.metric} | epochs |", "|:--|--:|--:|")
    yield f"| base model | {formats.score(result.base)} | |"
    yield f"| baseline settings | {formats.score(result.baseline)} | {_epochs(result, 'baseline')} |"
    yield f"| this model | {formats.score(values.get(result.kept or 'best'))} | {_epochs(result, result.kept)} |"


def _epochs(result: RunResult, name: str | None) -> str:
    """Return the epochs that a model was trained for, of those in its settings; '' for the base model."""
    trained = {
        "baseline": (result.baseline_epoch, result.baseline_settings),
        "best": (result.best_epoch, result.best_settings),
        "interpolated": (result.best_epoch, result.best_settings),
    }
    if name == "soup":
        return "those of the averaged trials"
    epoch, settings = trained.get(name or "best", (None, {}))
    return "" if epoch is None else epochs_reached(epoch, settings["epochs"])


def _use(run: Run) -> Iterator[str]:
    """Return lines of Python that score a pair, decide by the threshold, and give the probability."""
    verdict = run.verdict or {}
    probability = list(_probability(verdict.get("calibration")))
    imports = [line for line in probability if line.startswith(("import ", "from "))]
    yield from ("", "### Scoring pairs", "", "```python", *imports)
    yield from ("from sentence_transformers import SentenceTransformer", "")
    yield f'model = SentenceTransformer("{FOLDER}")'
    prompts = any(run.as_read.get("prompts", ()))
    first, second = ("encode_query", "encode_document") if prompts else ("encode", "encode")
    yield f'cosine = model.similarity(model.{first}("one text"), model.{second}("another")).item()'
    yield "print(cosine)"
    if threshold := verdict.get("threshold"):
        yield f"print(cosine >= {formats.exact(threshold['value'])})  # {threshold['rule']}"
    yield from (line for line in probability if line not in imports)
    yield from ("```", "", f"Many pairs: `python -m jobs.score {FOLDER} FILE --columns a,b --out scored.parquet`")
    if run.result is not None:
        yield from category_lines(run.result, prompts, run.settings.get("categories", ()))


def _probability(calibration: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield lines of Python that turn a cosine into a probability, imports first; none without a calibration."""
    if not calibration:
        return
    share = f"  # that both belong together, where a share of {calibration['prevalence']:.4f} of the pairs do"
    if calibration["method"] == "logistic":
        yield "from math import exp"
        yield f"print(1 / (1 + exp(-({calibration['slope']!r} * cosine + {calibration['intercept']!r})))){share}"
        return
    yield from ("import json", "from pathlib import Path", "import numpy as np")
    yield f'curve = json.loads(Path("{FOLDER}/calibration.json").read_text())'
    yield f'print(np.interp(cosine, curve["cosines"], curve["probabilities"])){share}'


def _search(run: Run, result: RunResult) -> Iterator[str]:
    space = run.settings.get("space")
    if not space:
        return
    counts = ", ".join(f"{count} {state}" for state, count in result.states.items())
    yield from ("", "### Search", "", f"Trials: {counts}.{_cost(result)}", "")
    tried = {"baseline": result.baseline_settings, "best": result.best_settings}
    if tried["best"] == tried["baseline"]:
        del tried["best"]
    shown = {name: settings for name, settings in tried.items() if settings}
    yield f"| setting | searched | {' | '.join(_column(result, name) for name in shown)} |"
    yield "|:--|:--|" + "--:|" * len(shown)
    for name, allowed in space.items():
        cells = " | ".join(formats.setting(settings.get(name)) for settings in shown.values())
        yield f"| {name} | {plain_text(allowed)} | {cells} |"


def _column(result: RunResult, name: str) -> str:
    this = name == result.kept and not result.refit
    return f"{NAMES.get(name) or base_model(name)}{' (this model)' if this else ''}"


def _cost(result: RunResult) -> str:
    if not result.core_seconds:
        return ""
    return f" {formats.duration(result.wall_s)} of wall time, {result.core_seconds:,.0f} core- or GPU-seconds."


def _repeat(result: RunResult) -> Iterator[str]:
    yield from mixture_lines(result.mixture)
    if result.reproduce:
        yield from ("", "### Reproduce it from the prepared pairs", "", "```bash", result.reproduce, "```")
    if result.stopped:
        yield from ("", result.stopped)
