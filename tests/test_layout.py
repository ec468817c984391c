"""Test the layout of the project: imports, names of folders, lengths of files."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house import MAY_IMPORT, ROOT, arrows_back, circles, graph, imported_modules, sources

HEAVY = {"torch", "ray", "sentence_transformers", "transformers"}


def packages() -> list[str]:
    """Return the dotted names of all folders on disk with Python files of the project."""
    folders = {path.parent.relative_to(ROOT) for folder in MAY_IMPORT for path in sources(folder)}
    return sorted(".".join(folder.parts) for folder in folders)


def task_files() -> list[Path]:
    return [path for path in sorted((ROOT / "tasks").glob("*.py")) if not path.name.startswith("_")]


def jobs() -> list[str]:
    """Return the modules in jobs/ that can be run: those that build their app and call it."""
    return [path.stem for path in sorted((ROOT / "jobs").glob("*.py")) if "__main__" in path.read_text()]


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, text=True, capture_output=True)


def test_a_folder_imports_only_what_stands_above_it() -> None:
    assert not [folder for folder in MAY_IMPORT if not sources(folder)], "a folder has no files"
    assert arrows_back() == []


def test_no_two_files_import_each_other() -> None:
    """Directly or over others; imports in functions and under TYPE_CHECKING count, too: they only hide the circle."""
    found = graph()
    assert len(found) > 100
    assert circles(found) == []


def test_project_code_never_imports_tests() -> None:
    files = [path for folder in MAY_IMPORT for path in sources(folder)]
    named = {module.split(".")[0] for path in files for module in imported_modules(path)}
    assert not named & {"tests", "benchmarks"}


def test_tasks_import_neither_torch_nor_ray() -> None:
    named = {module.split(".")[0] for path in sources("tasks") for module in imported_modules(path)}
    assert len(task_files()) >= 5
    assert not named & HEAVY
    modules = [*(f"tasks.{path.stem}" for path in task_files()), "tasks.common.loading"]
    loaded = python(f"import sys, {', '.join(modules)}; print(*sys.modules)")
    assert loaded.returncode == 0, loaded.stderr
    assert not HEAVY & set(loaded.stdout.split())


def test_there_are_jobs() -> None:
    assert {"prepare", "train", "tune", "evaluate"} <= set(jobs())


@pytest.mark.parametrize("job", jobs())
def test_help_is_quick_to_import(job: str) -> None:
    """--help is answered before torch or ray is imported; `python -m` in the same process, to look at its modules."""
    code = """
import runpy, sys
sys.argv[1:] = ["--help"]
try:
    runpy.run_module("jobs." + sys.orig_argv[-1], run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
    print("MODULES", *sys.modules)
"""
    shown = python(code, job)
    assert shown.returncode == 0, shown.stderr
    text, _, modules = shown.stdout.partition("MODULES")
    assert "Usage" in text
    assert "jobs.common" in modules.split()
    assert not HEAVY & set(modules.split())


@pytest.mark.parametrize("run", ["workflows.train", "workflows.tune"])
def test_mistakes_are_told_and_ray_is_started_before_what_takes_seconds_to_import(run: str) -> None:
    loaded = python(f"import sys, workflows.request_checks, {run}; print(*sys.modules)")
    assert run in loaded.stdout.split()
    heavy = {"torch", "sentence_transformers", "sklearn", "scipy", "pandas", "ray.train", "ray.tune", "optuna"}
    assert not heavy & set(loaded.stdout.split())


def test_no_folder_or_job_hides_a_dependency_or_a_standard_module() -> None:
    """An uploaded folder comes first on the import path: what is named like a module would replace it."""
    owners = importlib.metadata.packages_distributions()
    foreign = {name for name in owners if set(owners[name]) != {"pairtune"}} | set(sys.stdlib_module_names)
    ours = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name.isidentifier()}
    assert set(MAY_IMPORT) <= ours
    assert not (ours | set(jobs())) & foreign


def test_every_folder_is_a_package_that_pyproject_lists() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert sorted(settings["tool"]["setuptools"]["packages"]) == packages()
    assert len(packages()) >= 8
    assert not [name for name in packages() if not (ROOT / name.replace(".", "/") / "__init__.py").exists()]


def test_files_stay_short() -> None:
    longest = [(path, 300) for folder in MAY_IMPORT for path in sources(folder)]
    longest += [(path, 60) for path in task_files()]
    longest += [(ROOT / "jobs" / f"{job}.py", 100) for job in jobs()]
    too_long = {
        str(path.relative_to(ROOT)): f"{lines} lines, allowed are fewer than {limit}"
        for path, limit in longest
        if (lines := len(path.read_text().splitlines())) >= limit
    }
    assert len(longest) >= 30
    assert not too_long


def test_what_is_imported_is_a_dependency_and_the_other_way_round() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[>]", name)[0].lower() for name in project["dependencies"]}
    offline = {re.split(r"[\[>]", name)[0].lower() for name in project["optional-dependencies"]["offline"]}
    files = [path for folder in MAY_IMPORT for path in sources(folder)]
    tops = {module.split(".")[0] for path in files for module in imported_modules(path)}
    owners = importlib.metadata.packages_distributions()
    third_party = tops - set(MAY_IMPORT) - set(sys.stdlib_module_names)
    imported = {owner.lower() for top in third_party for owner in owners[top]}
    assert imported - offline <= declared
    assert declared - imported == {"tensorboard"}  # the viewer of a run's events: a command, never imported


def test_constraints_pin_every_dependency_within_its_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert len(wanted) >= 15
    for requirement in wanted:
        bounded = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)", requirement)
        assert bounded, f"{requirement}: no lower bound"
        name, bound = bounded.groups()
        assert name in pins, f"{name}: not in constraints.txt"
        assert _numbers(pins[name]) >= _numbers(bound), f"{name}: {pins[name]} is under its own bound {bound}"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def test_at_most_sixteen_test_functions_need_a_cluster(request: pytest.FixtureRequest) -> None:
    """They are the slow ones; there are two clusters, ray_cluster and the head of tests/cluster."""
    needing = [item for item in request.session.items if item.get_closest_marker("cluster")]
    assert len({item.nodeid.partition("[")[0] for item in needing}) <= 16
