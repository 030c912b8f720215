"""The environment that is declared, locked, installed and offered to conda is one and the same."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from sciml.core.environment import (
    LOCK,
    declared,
    drift,
    locked_versions,
    pip_section,
    read_lock,
    unmet,
)
from sciml.core.errors import BadInput

ROOT = Path(__file__).parents[1]
PYPROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
HASHED = [path for path in REQUIREMENTS if path.name != "pins.txt"]

USERS_CARD = [
    "paddlepaddle",
    "paddlesci",
    "xarray",
    "netCDF4",
    "pymatgen",
    "biopython",
    "jupyterlab",
    "pytest",
    "nbval",
]


@pytest.mark.parametrize("package", USERS_CARD)
def test_the_users_card_is_declared_and_pinned(package: str) -> None:
    name = canonicalize_name(package)
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    needed = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert name in needed
    assert name in locked_versions(ROOT / LOCK)


def test_the_lock_satisfies_every_declared_requirement() -> None:
    assert len(declared(PYPROJECT)) > len(USERS_CARD)
    assert unmet(PYPROJECT, ROOT / LOCK) == []


def test_what_is_installed_is_what_is_locked() -> None:
    assert drift(ROOT / LOCK) == []


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.name)
def test_every_pin_has_sha256_hashes(path: Path) -> None:
    for pin in read_lock(path):
        assert pin.hashes, f"{pin.name} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_no_lock_names_an_index_or_a_url(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert "://" not in line
        assert not line.startswith("-")


def test_no_uv_lock_is_tracked() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "uv.lock" not in {Path(name).name for name in done.stdout.splitlines()}


def test_the_build_tools_and_condas_pins_are_the_lock() -> None:
    pins = {(pin.name, pin.version, pin.marker) for pin in read_lock(ROOT / LOCK)}
    conda = {pin[:3] for pin in read_lock(ROOT / "requirements/pins.txt")}
    assert conda == pins
    assert {pin[:3] for pin in read_lock(ROOT / "requirements/build.txt")} <= pins


def test_conda_brings_an_allowed_python_and_pip_brings_the_lock() -> None:
    path = ROOT / "environment.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    plain = [entry for entry in content["dependencies"] if isinstance(entry, str)]
    assert plain[1:] == ["pip"]
    name, version = plain[0].split("=")
    assert name == "python"
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    assert SpecifierSet(project["requires-python"]).contains(f"{version}.0")
    assert pip_section(path) == ["-r requirements/pins.txt", "-e ."]


LINES = {
    "a range": "numpy>=1.26",
    "a wildcard": "numpy==1.*",
    "a bare name": "numpy",
    "a URL": "numpy @ file:///numpy.whl",
    "an option": "--extra-index-url somewhere",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_lock_with_anything_but_exact_versions_is_refused(line: str, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"scipy==1.0\n{line}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"expected `name==version`, got .*; run `make lock`"):
        read_lock(lock)


def test_a_missing_lock_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no such file; `make lock` writes it"):
        read_lock(tmp_path / "lock.txt")


def test_markers_decide_what_is_locked_here_and_drift_names_the_rest(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# a comment\n"
        "PyYAML==0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "nowhere_at.all==2.0 ; sys_platform == 'none'\n"
        "not-a-package==3.0 ; python_full_version >= '3.11'\n",
        encoding="utf-8",
    )
    assert read_lock(lock)[0].hashes == ("sha256:aa", "sha256:bb")
    assert locked_versions(lock) == {"pyyaml": "0.1", "not-a-package": "3.0"}
    yaml_drift, absent = drift(lock)
    assert yaml_drift == ("pyyaml", "0.1", yaml.__version__)
    assert absent == ("not-a-package", "3.0", None)


def test_a_requirement_that_the_lock_misses_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["numpy>=2", "scipy>=1"]\n'
        'optional-dependencies.more = ["dask"]\n',
        encoding="utf-8",
    )
    (tmp_path / "lock.txt").write_text("numpy==1.26.4\nscipy==1.17.1\n", encoding="utf-8")
    assert unmet(tmp_path / "pyproject.toml", tmp_path / "lock.txt") == [
        "numpy>=2: lock.txt has 1.26.4",
        "dask: not in lock.txt",
    ]


def test_an_environment_without_a_pip_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text("dependencies:\n  - python=3.11\n", encoding="utf-8")
    with pytest.raises(BadInput, match="expected a `pip:` section"):
        pip_section(path)
