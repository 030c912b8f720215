"""Files that a user names in settings."""

from pathlib import Path

from sciml.core.errors import BadInput
from sciml.core.paths import project_root


def places_of(name: str) -> tuple[Path, ...]:
    """Where a file that a user names may be, whether it is there or not.

    Args:
        name: As it was written. A relative name is looked for in the working folder, as a shell
            completes it, and then in the project, as recipes write it.

    Returns:
        Paths in that order, each once.
    """
    given = Path(name).expanduser()
    return tuple(dict.fromkeys(folder / given for folder in (Path.cwd(), project_root())))


def user_file(name: str, setting: str) -> Path:
    """The file that a setting names.

    Args:
        name: As it was written, see :func:`places_of`.
        setting: Which setting it is, such as ``own.sequences``.

    Returns:
        The file.

    Raises:
        BadInput: if there is no such file, or it is a folder.
    """
    tried = places_of(name)
    for path in tried:
        if path.is_file():
            return path
    if any(path.is_dir() for path in tried):
        raise BadInput(f"{setting}: {name}: is a folder; expected a file: name one inside of it")
    raise BadInput(
        f"{setting}: {name}: no such file in the working folder or in the project; correct the name"
    )
