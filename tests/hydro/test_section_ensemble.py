import numba
import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.section_ensemble import simulate_cavities
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_cavity, steady_loss

AMBIENT, INSIDE = 20e3, 12e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.01, gas_loss="portion", loss_coefficient=0.015)
STEADY = steady_cavity(TUNNEL, AMBIENT, INSIDE)
NEEDED = steady_loss(TUNNEL, AMBIENT, INSIDE)  # m³/s
TIME = np.arange(301) * STEADY.lifetime / 60
KEEP = ("cavity_pressure", "length", "gas_shed", "sheddings", "ambient_pressure")
COUNT = 5
SETTINGS = [TUNNEL.model_copy(update={"growth_factor": 1 + 0.02 * k}) for k in range(COUNT)]
PASTS = INSIDE * (1 - 0.01 * np.arange(COUNT))


def ambient(number: int) -> np.ndarray:
    # The last one swings so much that its cavity sheds.
    swing = 0.3 if number == COUNT - 1 else 0.02 * number
    return AMBIENT * (1 + swing * np.sin(2 * np.pi * TIME / STEADY.lifetime))


def ensemble(**changes):
    given = {"past_pressure": PASTS, "keep": KEEP, "every": 7}
    return simulate_cavities(SETTINGS, TIME, ambient, NEEDED, **(given | changes))


def test_each_history_is_the_single_run_to_the_last_bit() -> None:
    found = ensemble()
    for k, settings in enumerate(SETTINGS):
        run = simulate_cavity(settings, TIME, ambient(k), NEEDED, PASTS[k])
        for name in KEEP:
            np.testing.assert_array_equal(found[name][k], run[name][::7])
            assert found[name].attrs == run[name].attrs
    np.testing.assert_array_equal(found.time, TIME[::7])
    assert np.all(found.ending == 0)
    assert np.all(found.samples == TIME.size)
    assert float(found.sheddings[-1, -1]) > 0


def test_threads_and_reruns_change_no_bit() -> None:
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = ensemble()
    finally:
        numba.set_num_threads(threads)
    assert alone.identical(ensemble())


def test_forcing_may_be_a_table_a_series_or_a_function_of_the_number() -> None:
    table = np.stack([ambient(k) for k in range(COUNT)])
    by_table = simulate_cavities(SETTINGS, TIME, table, np.full(TIME.shape, NEEDED), PASTS, KEEP, 7)
    assert by_table.identical(ensemble())


def test_collapse_of_one_history_leaves_the_others() -> None:
    def ramped(number: int) -> np.ndarray:
        return AMBIENT * np.exp((1.5 if number == 1 else 0.0) * TIME / STEADY.lifetime)

    settings = TUNNEL.model_copy(update={"gas_loss": "none"})
    found = simulate_cavities([settings] * 3, TIME, ramped, 0.0, 8e3, every=2)
    assert found.ending.values[1] != 0
    reached = int(found.samples[1])
    assert 0 < reached < TIME.size
    kept = -(-reached // 2)
    assert np.all(np.isfinite(found.cavity_pressure[1, :kept]))
    assert np.all(np.isnan(found.cavity_pressure[1, kept:]))
    assert np.all(np.isfinite(found.cavity_pressure[::2]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": []}, "settings: expected one for each history, got none"),
        ({"every": 0}, "every must be 1 or more, got 0"),
        ({"past_pressure": [1e4, 1e4, 1e4]}, "past_pressure: expected a number or shape (2,), got"),
        ({"ambient_pressure": np.ones((3, TIME.size))}, "history 0: forcing: expected 2 histories"),
        (
            {"ambient_pressure": lambda k: -5.0 if k else AMBIENT},
            "history 1: ambient_pressure falls to -5 Pa, not above the vapour pressure",
        ),
        (
            {"ventilation": np.where(TIME[9] < TIME, np.nan, NEEDED)},
            "history 0: ventilation: 291 of 301 values are not finite, the first at t = ",
        ),
        (
            {"time": TIME[::-1]},
            "time: samples must increase by even steps; resample on a uniform clock",
        ),
    ],
)
def test_bad_input_is_named_with_the_number_of_the_history(changes: dict, message: str) -> None:
    given = {
        "settings": [TUNNEL] * 2,
        "time": TIME,
        "ambient_pressure": AMBIENT,
        "ventilation": NEEDED,
    }
    with pytest.raises(BadInput) as error:
        simulate_cavities(**(given | changes))
    assert str(error.value).startswith(message)


def test_unknown_variable_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"^keep: unknown variable 'presure'; known: ambient_"):
        ensemble(keep=("presure",))
