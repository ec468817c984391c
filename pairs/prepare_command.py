"""The command that prepares a folder of pairs again."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from files.columns import AS_PAIRS
from tasks.common.label_rule import LabelRule
from tasks.common.losses import Loss


def prepare_command(manifest: Mapping[str, Any], folder: str, loss: Loss) -> str:
    """Return the command that makes the same pairs again, by this version and, if they come from a file, for this loss.

    Files have the names that the manifest has, without their folders. A task that code declares has its own loss.

    Args:
        manifest: of the folder.
        folder: the folder of prepared pairs.
        loss: the loss of a file of pairs.
    """
    declared = manifest["declaration"]
    sources = {each["split"]: each["name"] for each in manifest.get("sources", ()) if each.get("sha256")}
    used = next((layout["used"] for layout in declared.get("layouts", ()) if layout.get("used")), None)
    subject = sources.pop("train", None)
    if used and subject:
        words = [subject, *_columns(used), *_rule(LabelRule.of(used.get("rule")))]
        words += ["--loss", loss.name, "--kind", declared["kind"]]
    else:
        words = [manifest["task"], *(["--source", subject] if subject else [])]
    words += [word for split, name in sources.items() for word in (f"--{split}-source", name)]
    words += ["--rows", str(manifest["rows"])] if manifest.get("rows") else []
    if (number := manifest.get("negatives_per_positive")) is not None:
        words += ["--negatives-per-positive", str(number)]
    if mined := manifest.get("mined"):
        words += ["--mine", str(mined["count"]), f"--mine-below={mined['below']:g}", "--mine-with", mined["model"]]
    words += ["--seed", str(manifest["seed"])] if "seed" in manifest else []
    return shlex.join(["python", "-m", "jobs.prepare", *words, "--data", folder])


def _columns(used: Mapping[str, Any]) -> Iterator[str]:
    label = [used["label"]] if used.get("label") is not None else []
    yield from ("--columns", ",".join([used["first"], used["second"], *label, *used.get("negatives", ())]))
    if used.get("as_pairs"):
        yield from ("--negatives", AS_PAIRS)
    for option in ("group", "time"):
        if used.get(option) is not None:
            yield from (f"--{option}", used[option])


def _rule(rule: LabelRule) -> Iterator[str]:
    if rule.scale:
        yield f"--scale={rule.scale[0]:g}:{rule.scale[1]:g}"
    if rule.meanings:
        yield f"--labels={','.join(f'{name}={number:g}' for name, number in rule.meanings.items())}"
    for name in rule.drop:
        yield f"--drop-label={name}"
