"""Find a task by its name in tasks/, by the path of its file, or by the folder of pairs that a file was made into."""

import difflib
import hashlib
import pkgutil
import sys
from importlib import import_module
from types import ModuleType

import tasks
from common import storage
from common.mistakes import Mistakes
from tasks.common.declaration import Task
from tasks.common.plain import from_dict, to_dict

__all__ = ["from_dict", "from_source", "load", "names", "to_dict"]


def names() -> list[str]:
    """List the tasks in tasks/: every module there that does not start with '_'; packages are left out."""
    modules = pkgutil.iter_modules(tasks.__path__)
    return sorted(module.name for module in modules if not module.ispkg and not module.name.startswith("_"))


def load(name_or_path: str, data: str | None = None) -> Task:
    """Load the task of a name in tasks/, of a .py file anywhere, or of a file of pairs that was prepared.

    Args:
        name_or_path: the name of a task, or the path of its .py file.
        data: the folder of the prepared pairs, or the one above it; data/NAME when not given.

    Raises:
        Mistakes: there is no such task, or its file does not declare one.
    """
    if name_or_path.endswith(".py"):
        return from_source(_text(name_or_path), name_or_path)
    if name_or_path in names():
        return _declared(import_module(f"tasks.{name_or_path}"), f"tasks/{name_or_path}.py")
    task = _made_from_file(name_or_path, data)
    if task is None:
        raise Mistakes(_unknown(name_or_path))
    return task


def from_source(source: str, origin: str) -> Task:
    """Load the task that a Python source text declares, also on a machine that does not have the file.

    Args:
        source: the text of a task's .py file.
        origin: its name in messages and tracebacks.

    Raises:
        Mistakes: the source cannot be run, or declares no `task`.
    """
    module = ModuleType(f"task_{hashlib.sha256(source.encode()).hexdigest()[:16]}")
    module.__file__ = origin
    sys.modules[module.__name__] = module  # dataclasses in the source look their module up
    try:
        exec(compile(source, origin, "exec"), module.__dict__)
    except Mistakes:
        raise
    except (Exception, SystemExit) as error:
        raise Mistakes(f"task: {origin} cannot be run: {type(error).__name__}: {error}") from error
    return _declared(module, origin)


def _text(location: str) -> str:
    try:
        return storage.read_bytes(location).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistakes(f"task: {location} cannot be read: {error}; allowed: UTF-8") from None


def _declared(module: ModuleType, origin: str) -> Task:
    task = getattr(module, "task", None)
    if not isinstance(task, Task):
        raise Mistakes(f"task: {origin} must declare `task = Task(...)`, it has {type(task).__name__}")
    return task


def _made_from_file(name: str, data: str | None) -> Task | None:
    for folder in (data, storage.join(data, name)) if data else (f"data/{name}",):
        manifest = storage.join(folder, "manifest.json")
        if storage.is_file(manifest):
            content = storage.read_json(manifest)
            try:
                declaration = content["declaration"]
                if declaration["name"] == name and declaration["made_from"] == "file":
                    return from_dict(declaration)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise Mistakes(f"data: {manifest} is damaged ({error!r}); prepare the pairs again") from None
    return None


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, names(), cutoff=0.5)
    meant = f" (did you mean {' or '.join(close)}?)" if close else ""
    files = storage.file_names(name) if "/" in name and not storage.is_file(name) else []
    parts = any(file.endswith(".parquet") for file in files)
    folder = (
        f", a folder with {', '.join(files[:4])} and no parquet parts directly in it" if files and not parts else ""
    )
    return (
        f"task: {name!r} is unknown{meant}{folder}; allowed: {', '.join(names())}, the path of a task's .py file, "
        "or the name of a task that jobs.prepare made from a file of pairs"
    )
