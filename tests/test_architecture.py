"""The house rules that a reader may rely on, checked on the source."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "sciml").rglob("*.py"))
LONGEST_FUNCTION = 60  # lines

# Loading these can run code that a stranger wrote, or hides where a value comes from.
UNSAFE_CALLS = {
    "eval",
    "exec",
    "paddle.load",
    "yaml.load",
    "yaml.full_load",
    "yaml.unsafe_load",
}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
HEAVY = ("paddle", "ppsci", "matplotlib", "pymatgen", "numba", "scipy", "xarray")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), str(module))


def place(module: Path, node: ast.AST) -> str:
    return f"{module.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def public_parts(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """The public functions and classes of a module and the public methods of its classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef) and not is_protocol(node):
                yield from (
                    part
                    for part in node.body
                    if isinstance(part, Function) and not part.name.startswith("_")
                )


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).startswith("Protocol") for base in node.bases)


def undocumented(tree: ast.Module) -> list[ast.AST]:
    return [node for node in public_parts(tree) if ast.get_docstring(node) is None]


def long_functions(tree: ast.Module) -> list[ast.AST]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, Function)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]


def unsafe_parts(tree: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if is_unsafe(node)]


def is_unsafe(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name.split(".")[0] in UNSAFE_MODULES for name in node.names)
    if isinstance(node, ast.ImportFrom):
        names = {f"{node.module}.{name.name}" for name in node.names}
        return (node.module or "").split(".")[0] in UNSAFE_MODULES or bool(names & UNSAFE_CALLS)
    if isinstance(node, ast.Call):
        allows_pickle = any(
            key.arg == "allow_pickle"
            and not (isinstance(key.value, ast.Constant) and key.value.value is False)
            for key in node.keywords
        )
        return ast.unparse(node.func) in UNSAFE_CALLS or allows_pickle
    return False


RULES = {
    "has a docstring": undocumented,
    f"is at most {LONGEST_FUNCTION} lines long": long_functions,
    "loads and evaluates nothing unsafe": unsafe_parts,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps(rule: str) -> None:
    broken = [place(m, node) for m in MODULES for node in RULES[rule](tree_of(m))]
    assert not broken, f"{rule}: {broken}"


VIOLATIONS = {
    "def bare(): ...": undocumented,
    "class Bare: ...": undocumented,
    'class Dressed:\n    """Yes."""\n    def bare(self): ...': undocumented,
    "def long():\n" + "    pass\n" * LONGEST_FUNCTION: long_functions,
    "import pickle": unsafe_parts,
    "from pickle import load": unsafe_parts,
    "from yaml import load": unsafe_parts,
    "import joblib.memory": unsafe_parts,
    "eval('1')": unsafe_parts,
    "exec('1')": unsafe_parts,
    "paddle.load(path)": unsafe_parts,
    "yaml.load(text, Loader)": unsafe_parts,
    "np.load(path, allow_pickle=True)": unsafe_parts,
    "np.load(path, allow_pickle=chosen)": unsafe_parts,
}


@pytest.mark.parametrize("source", VIOLATIONS)
def test_the_rules_are_alive(source: str) -> None:
    assert VIOLATIONS[source](ast.parse(source))


def python(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run this Python with the package that lies in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def broken_contracts(folder: Path) -> str:
    """The import contracts that the package in a folder breaks; empty when it keeps all."""
    call = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports({}))"
    options = f"config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True"
    done = python("-c", call.format(options), folder=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_import_contracts_are_kept() -> None:
    assert not (report := broken_contracts(ROOT)), report


PLANTED = {
    "hydro/planted.py": ("from sciml import cli", "Imports point downwards"),
    "core/planted.py": ("import sciml.training", "Imports point downwards"),
    "attic/__init__.py": ("", "Imports point downwards"),
    "data/planted.py": ("import paddle", "without Paddle"),
    "hydro/stability.py": ("import paddle", "The physics is NumPy"),
    "training/planted.py": ("import ppsci.arch", "PaddleScience has one door"),
    "hydro/drawn.py": ("from matplotlib import pyplot", "matplotlib has one door"),
    "nn/planted.py": ("import sciml.nn.planted_too", "No import cycles"),
}


def test_the_import_contracts_are_alive(tmp_path: Path) -> None:
    package = tmp_path / "sciml"
    shutil.copytree(ROOT / "sciml", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (line, _) in PLANTED.items():
        module = package / name
        module.parent.mkdir(exist_ok=True)
        module.write_text(line + "\n", encoding="utf-8")
    (package / "nn/planted_too.py").write_text("import sciml.nn.planted\n", encoding="utf-8")
    report = broken_contracts(tmp_path)
    broken = [line for line in report.splitlines() if " BROKEN" in line]
    missing = [m for _, m in PLANTED.values() if not any(m in line for line in broken)]
    assert not missing, report
    for trace in ("sciml.hydro.planted", "sciml.core.planted", "attic", "planted_too"):
        assert trace in report


@pytest.mark.parametrize("module", ["sciml", "sciml.cli"])
def test_importing_leaves_the_heavy_packages_out(module: str) -> None:
    call = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = python("-c", call)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
