"""Measure how easily a reader finds their way: `python -m tests.house` prints a table.

An import counts wherever it stands: in a function and under TYPE_CHECKING, too.
"""

import ast
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "common": set(),
    "tasks": {"common"},
    "pairs": {"common", "tasks"},
    "models": {"common", "tasks", "pairs"},
    "evaluation": {"common", "tasks", "pairs", "models"},
    "search_spaces": {"common", "tasks"},
    "audit": {"common", "tasks", "pairs", "models", "evaluation"},
    "trainers": {"common", "tasks", "pairs", "models", "evaluation"},
    "reporting": {"common"},
    "workflows": {
        *("common", "tasks", "pairs", "models", "evaluation", "search_spaces", "audit", "trainers", "reporting"),
    },
    "jobs": {"common", "tasks", "pairs", "reporting", "workflows"},
}
"""Folder -> those that it may import. What stands above is imported by what stands below."""

Graph = Mapping[Path, set[Path]]


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    """Return every module that a file imports, also in functions and under TYPE_CHECKING; resolve relative imports."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*above, *([node.module] if node.module else [])])


def graph() -> Graph:
    """Return the project's files that each file imports."""
    files = {_module(path): path for folder in MAY_IMPORT for path in sources(folder)}
    return {path: {files[name] for name in _named(path) if name in files} - {path} for path in files.values()}


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _named(path: Path) -> Iterator[str]:
    """Return imported modules, and names imported from one, which may be modules themselves."""
    yield from imported_modules(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circles(imports: Graph) -> list[list[str]]:
    """Return files that import themselves by way of others, in groups that import each other."""
    reach = {path: _reached(imports, path) for path in imports}
    groups = {
        frozenset(other for other in reach[path] if path in reach[other]) for path in imports if path in reach[path]
    }
    return sorted(sorted(str(path.relative_to(ROOT)) for path in group) for group in groups)


def _reached(imports: Graph, start: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = list(imports[start])
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports[path]
    return found


def floors(imports: Graph, folder: str) -> int:
    """Count the files on the longest chain of imports inside a folder; those of a circle count as one."""
    inside = {path: {other for other in imports[path] if other in set(sources(folder))} for path in sources(folder)}
    heights: dict[Path, int] = {}

    def height(path: Path, above: frozenset[Path]) -> int:
        if path not in heights:
            below = [height(other, above | {path}) for other in inside[path] if other not in above]
            heights[path] = 1 + max(below, default=0)
        return heights[path]

    return max((height(path, frozenset()) for path in inside), default=0)


def arrows_back() -> list[str]:
    """Return imports of a folder that MAY_IMPORT does not allow."""
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for folder, allowed in MAY_IMPORT.items()
        for path in sources(folder)
        for module in imported_modules(path)
        if (top := module.split(".")[0]) in MAY_IMPORT.keys() - {folder} and top not in allowed
    ]


def functions() -> dict[str, int]:
    """Return the number of lines of each function."""
    found = {}
    for path in graph():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found[f"{path.relative_to(ROOT)}:{node.name}:{node.lineno}"] = lines
    return found


def main() -> None:
    """Print circles, arrows back, rooms and floors of each folder, lines and functions."""
    imports = graph()
    lines = Counter({path: len(path.read_text().splitlines()) for path in imports})
    shares: dict[str, int] = defaultdict(int)
    for path, count in lines.items():
        shares[path.relative_to(ROOT).parts[0]] += count
    found = circles(imports)
    print(f"circles: {len(found)}", *(f"  {' <-> '.join(group)}" for group in found), sep="\n")
    print(f"arrows back: {len(arrows_back())}")
    for folder in MAY_IMPORT:
        rooms = len([path for path in sources(folder) if path.name != "__init__.py"])
        part = shares[folder] / sum(shares.values())
        print(f"{folder}: {rooms} rooms on {floors(imports, folder)} floors, {shares[folder]:,} lines ({part:.0%})")
    longest = Counter(functions()).most_common(1)[0]
    print(f"{sum(lines.values()):,} lines in {len(lines)} files, the longest has {max(lines.values())}")
    print(
        f"{len(functions()):,} functions, median {statistics.median(functions().values()):g} lines, longest {longest}"
    )


if __name__ == "__main__":
    main()
