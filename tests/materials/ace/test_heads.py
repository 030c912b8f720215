"""Heads of one body: as a plain committee has them, around the potential they were made from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.file import load_potential, save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.heads import Heads, HeadSettings, headed
from sciml.materials.ace.model import AceSettings
from sciml.materials.committee import Committee
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import SETTINGS, TWO_LAYERS, potential
from tests.materials.ace.test_training import labelled

LOSS = LossSettings(energy=3.0, forces=1.0, stress=50.0)
SETTING = pytest.mark.parametrize("settings", [SETTINGS, TWO_LAYERS], ids=["local", "messages"])


def made(settings: AceSettings = SETTINGS, count: int = 3) -> Heads:
    """Heads of a random potential, by labels of another."""
    frames = labelled(potential(5, settings), range(10))
    given = potential(4, settings).with_grade(frames)
    return headed(given, frames, LOSS, np.ones(10), settings=HeadSettings(count=count))


@SETTING
def test_heads_are_what_a_committee_of_them_is(settings: AceSettings) -> None:
    heads, asked = made(settings), [crystal(3), crystal(7)]
    for found, plain in zip(
        heads.evaluate(asked), Committee(heads.members).evaluate(asked), strict=True
    ):
        for name in ("energy", "forces", "stress", "atom_energies", "grades", "spread"):
            one, other = getattr(found, name), getattr(plain, name)
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
        assert found.spread is not None
        assert found.spread.min() > 0


@SETTING
def test_their_mean_is_the_potential_they_were_made_from(settings: AceSettings) -> None:
    found, given = made(settings).evaluate([crystal(1)])[0], potential(4, settings)
    expected = given.evaluate([crystal(1)])[0]
    np.testing.assert_allclose(found.forces, expected.forces, atol=1e-10)
    assert found.energy == pytest.approx(expected.energy, abs=1e-9)


def test_they_agree_where_frames_settle_the_answer() -> None:
    """With labels that the body can meet, no weighing of frames changes anything."""
    given, away = potential(4), potential(5)
    frames = labelled(given, range(40))
    settings = HeadSettings(count=3, ridge=1e-9)
    sure = headed(given, frames, LOSS, np.ones(40), settings=settings)
    unsure = headed(given, labelled(away, range(40)), LOSS, np.ones(40), settings=settings)
    spreads = [_spread(each, [crystal(50)]) for each in (sure, unsure)]
    assert spreads[0] < 1e-6 * spreads[1]


def test_a_ridge_holds_them_together() -> None:
    frames = labelled(potential(5), range(10))
    spreads = [
        _spread(
            headed(
                potential(4), frames, LOSS, np.ones(10), settings=HeadSettings(count=3, ridge=ridge)
            ),
            [crystal(50)],
        )
        for ridge in (1e-6, 1.0, 1e6)
    ]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[2] < 1e-3 * spreads[0]


def _spread(heads: Heads, asked: list[Structure]) -> float:
    found = heads.evaluate(asked)[0].spread
    assert found is not None
    return float(found.mean())


def test_a_file_of_heads_gives_heads(tmp_path: Path) -> None:
    heads = made()
    loaded = load_potential(save_potential(tmp_path / "heads.safetensors", heads, {}))
    assert isinstance(loaded, Heads)
    asked = [crystal(2)]
    np.testing.assert_array_equal(loaded.evaluate(asked)[0].spread, heads.evaluate(asked)[0].spread)


def test_potentials_of_other_bodies_are_no_heads() -> None:
    one = potential(1)
    linear = one.weights._replace(linear=2 * one.weights.linear)
    assert Heads((one, replace(one, weights=linear))).body.elements == one.elements
    with pytest.raises(BadInput, match="more than their linear part"):
        Heads((one, potential(2)))
