"""What is listed from the sources is what is registered when they are imported."""

import importlib
import inspect
import subprocess
import sys

from sciml.figures.listing import listed_figures, listed_notebooks
from sciml.figures.registry import all_registered


def test_listed_figures_are_the_registered_ones() -> None:
    listed = listed_figures()
    for module in {figure.module for figure in listed}:
        importlib.import_module(module)
    ours = {n: e for n, e in all_registered().items() if not n.startswith("test/")}
    assert {f.name for f in listed} == set(ours)
    for figure in listed:
        entry = ours[figure.name]
        assert (figure.title, figure.needs, figure.recipe) == (
            entry.title,
            entry.needs,
            entry.recipe,
        )
        takes_a_run = "record" in inspect.signature(ours[figure.name].function).parameters
        assert takes_a_run or not figure.recipe, figure.name
        assert figure.module.startswith(f"sciml.{figure.name.partition('/')[0]}.figures")


def test_every_figure_is_shown_in_exactly_one_notebook() -> None:
    sources = {n.name: n.path.read_text(encoding="utf-8") for n in listed_notebooks()}
    for figure in listed_figures():
        entry = all_registered()[figure.name]
        function = entry.function.__name__
        shown_in = [name for name, text in sources.items() if f"{function}()" in text]
        assert len(shown_in) == 1, (figure.name, shown_in)


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from sciml.figures.listing import listed_figures; listed_figures(); "
        "print([m for m in ('numpy', 'matplotlib', 'xarray', 'paddle') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
