"""A figure is its picture and its data; both are written without time stamps."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.figures.registry import Drawn, figure, registered
from sciml.figures.style import label_panels, new_picture


@figure("test/parabola", title="A parabola", rtol=1e-6, atol=1e-9)
def parabola(shift: float = 0.0) -> Drawn:
    x = np.linspace(0, 1, 20)
    picture = new_picture()
    axis = picture.subplots()
    axis.plot(x, x**2 + shift)
    label_panels(picture)
    return Drawn(picture, xr.Dataset({"y": ("x", x**2 + shift)}, {"x": x}))


def test_a_registered_figure_knows_its_name_and_title() -> None:
    drawn = parabola()
    assert registered("test/parabola").title == "A parabola"
    assert repr(drawn) == "<test/parabola: y>"
    assert drawn.data.attrs["title"] == "A parabola"


def test_files_are_the_same_bytes_in_every_run(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in parabola().save(tmp_path / "a")]
    second = [path.read_bytes() for path in parabola().save(tmp_path / "b")]
    assert len(first) == 3
    assert first == second


def test_a_picture_is_drawn_once_so_that_its_layout_stays(tmp_path: Path) -> None:
    drawn = parabola()
    first = drawn.png()
    drawn.picture.axes[0].set_title("moved")
    drawn.save(tmp_path)
    assert drawn.png() == first
    assert {path.read_bytes() for path in tmp_path.glob("*.png")} == {first}


def test_notebooks_get_a_picture_with_a_text_for_those_who_cannot_see_it() -> None:
    bundle, metadata = parabola()._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == "<test/parabola: y>"
    assert metadata == {"image/png": {"alt": "A parabola"}}


def test_the_style_leaves_no_trace() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    parabola()
    assert dict(mpl.rcParams) == before


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(BadInput) as error:
        registered("test/nothing")
    assert str(error.value) == (
        "figure 'test/nothing': not registered; `sciml list figures` shows what there is"
    )
