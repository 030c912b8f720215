"""The list of recipes: by name, without anything heavy, and honest about files that are none."""

import subprocess
import sys
from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.training.listing import listed_recipes

RECIPES = {
    "hydro/waves.yaml": "title: Waves\nneeds: [loads]\ntask: hydro/forecast\n",
    "hydro/cavity-fast.yaml": "title: Cavity\n",
    "attic/old.yaml": "title: 7\nunknown: {deep: [1]}\n",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("datasets", "notebooks", "recipes", "sciml"):
        (tmp_path / folder).mkdir()
    for name, text in RECIPES.items():
        path = tmp_path / "recipes" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "recipes/hydro/waves.record").mkdir()
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    return tmp_path


def test_recipes_come_by_name_with_title_needs_and_path(home: Path) -> None:
    listed = listed_recipes()
    assert [(one.name, one.title, one.needs, one.fast) for one in listed] == [
        ("attic/old", "7", (), False),
        ("hydro/cavity-fast", "Cavity", (), True),
        ("hydro/waves", "Waves", ("loads",), False),
    ]
    assert [one.path for one in listed] == [home / "recipes" / name for name in sorted(RECIPES)]


@pytest.mark.parametrize(
    "text", ["", "title: [", "- title\n", "tittle: Waves\n", "title: a\nneeds: 3"]
)
def test_what_is_not_a_recipe_is_named(home: Path, text: str) -> None:
    (home / "recipes/hydro/waves.yaml").write_text(text)
    with pytest.raises(BadInput) as error:
        listed_recipes()
    assert str(error.value) == (
        "recipes/hydro/waves.yaml: not a recipe; `sciml run` says what is wrong"
    )


@pytest.mark.usefixtures("home")
def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from sciml.training.listing import listed_recipes; "
        "assert len(listed_recipes()) == 3; "
        "print(*[m for m in ('paddle', 'numpy', 'xarray', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
