"""The lock against what is declared and against what is installed."""

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sciml.core.errors import BadInput

LOCK = Path("requirements/lock.txt")  # below the project's folder


class Pin(NamedTuple):
    """One line of a lock: a package, its only version, where it applies, and its hashes."""

    name: str
    version: str
    marker: str  # empty: everywhere
    hashes: tuple[str, ...]

    def applies(self) -> bool:
        """Whether this Python on this machine needs the package."""
        return _applies(Requirement(f"{self.name} ; {self.marker}" if self.marker else self.name))


class Drift(NamedTuple):
    """A package whose installed version is not the locked one."""

    name: str
    locked: str
    installed: str | None  # None: not installed


def read_lock(path: Path) -> list[Pin]:
    """Read a pip-style lock, for every platform it covers.

    Args:
        path: Lines such as ``numpy==1.26.4 ; marker --hash=sha256:...``; a backslash at the end
            of a line continues it.

    Returns:
        The pins in the order of the file.

    Raises:
        BadInput: if the file is missing or a line is not one exact version of a package from an
            index, such as a URL, an option or a range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; `make lock` writes it") from None
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [_pin(path, line) for line in lines if line.strip() and not line.startswith("#")]


def locked_versions(path: Path) -> dict[str, str]:
    """The versions that a lock gives this Python on this machine, by normalised name.

    Args:
        path: The lock.

    Raises:
        BadInput: as :func:`read_lock`.
    """
    return {pin.name: pin.version for pin in read_lock(path) if pin.applies()}


def drift(path: Path) -> list[Drift]:
    """The packages that are not installed in the version of the lock; empty when all are.

    Args:
        path: The lock.

    Raises:
        BadInput: as :func:`read_lock`.
    """
    rows = [Drift(name, v, _installed(name)) for name, v in locked_versions(path).items()]
    return [row for row in rows if row.installed != row.locked]


def declared(path: Path) -> list[Requirement]:
    """What a ``pyproject.toml`` asks for on this machine, its optional extras included.

    Args:
        path: The file.
    """
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    requirements = [Requirement(line) for group in groups for line in group]
    return [requirement for requirement in requirements if _applies(requirement)]


def unmet(pyproject: Path, lock: Path) -> list[str]:
    """The requirements of a project that its lock does not satisfy, each with the reason.

    Args:
        pyproject: The project's ``pyproject.toml``.
        lock: Its lock.

    Raises:
        BadInput: as :func:`read_lock`.
    """
    versions = locked_versions(lock)
    problems: list[str] = []
    for requirement in declared(pyproject):
        version = versions.get(canonicalize_name(requirement.name))
        if version is None:
            problems.append(f"{requirement}: not in {lock.name}")
        elif not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{requirement}: {lock.name} has {version}")
    return problems


def pip_section(path: Path) -> list[str]:
    """The lines that conda would hand to pip from an ``environment.yml``.

    Args:
        path: The file.

    Raises:
        BadInput: if the file has no ``pip:`` section.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries: list[str | dict[str, list[str]]] = content["dependencies"]
    for entry in entries:
        if isinstance(entry, dict) and "pip" in entry:
            return entry["pip"]
    raise BadInput(f"{path}: expected a `pip:` section among the dependencies")


def _pin(path: Path, line: str) -> Pin:
    """One joined line of a lock."""
    words, *hashes = re.split(r"\s+--hash=", line.strip())
    refusal = BadInput(f"{path}: expected `name==version`, got {words!r}; run `make lock`")
    try:
        requirement = Requirement(words)
        (exact,) = requirement.specifier  # a URL and a bare name have none
    except (InvalidRequirement, ValueError):
        raise refusal from None
    if exact.operator != "==" or exact.version.endswith("*"):
        raise refusal
    return Pin(
        canonicalize_name(requirement.name),
        exact.version,
        str(requirement.marker or ""),
        tuple(hashes),
    )


def _applies(requirement: Requirement) -> bool:
    """Whether the marker of a requirement holds here."""
    return requirement.marker is None or requirement.marker.evaluate()


def _installed(name: str) -> str | None:
    """The installed version of a package."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
