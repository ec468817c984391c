"""The manifest of a folder of prepared pairs, which says how its files were made."""

from collections.abc import Mapping
from typing import Any

from common import storage
from common.mistakes import Mistakes

MANIFEST = "manifest.json"
AGAIN = (
    " jobs.prepare wrote the folder; prepare the pairs again, "
    "or make an edited file a task of its own: python -m jobs.prepare FILE --columns sentence1,sentence2,label"
)


def read_manifest(folder: str) -> dict[str, Any]:
    """Read what jobs.prepare has written about a folder.

    Raises:
        Mistakes: the manifest does not exist, is no JSON, or lacks a field that each has.
    """
    location = storage.join(folder, MANIFEST)
    manifest = storage.read_json(location)
    try:
        texts = [manifest["task"], manifest["fingerprint"], manifest["declaration"]["kind"]]
        texts += [file["sha256"] for file in manifest.get("files", {}).values() if file["bytes"] >= 0]
        sides = [side for key in ("apart", "closed") for side in manifest.get(key) or ()]
    except (LookupError, TypeError, AttributeError):
        texts, sides = [None], []
    if not all(isinstance(text, str) for text in texts):
        raise Mistakes(f"data: {location} is damaged: task, fingerprint, declaration or files are not in it{AGAIN}")
    if wrong := [side for side in sides if side not in ("sentence1", "sentence2")]:
        raise Mistakes(f"data: {location} is damaged: {wrong[0]!r} in apart or closed is no text column{AGAIN}")
    return dict(manifest)


def refuse_other_task(folder: str, manifest: Mapping[str, Any], task: str) -> None:
    """Refuse pairs that were prepared for another task, which has its own metric, labels and splits.

    Raises:
        Mistakes: naming both tasks.
    """
    if manifest["task"] != task:
        raise Mistakes(f"task: {task!r}, but {folder} holds the pairs of {manifest['task']!r}; give its own --data")
