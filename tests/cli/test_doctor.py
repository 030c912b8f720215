"""The doctor finds what is wrong and says what to do."""

import subprocess
from types import SimpleNamespace

import pytest

from sciml.cli import doctor
from sciml.core.environment import Drift


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paddle takes seconds to import; its check has a test of its own."""
    answer = SimpleNamespace(returncode=0, stdout="3.3.1 2.0", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)


def states() -> dict[str, tuple[str, str]]:
    return {finding.what: (finding.state, finding.detail) for finding in doctor.examine()}


def test_this_installation_is_right() -> None:
    assert not [what for what, (state, _) in states().items() if state == doctor.WRONG]


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    drifts = [Drift("numpy", "1.26.4", "2.0.0"), Drift("scipy", "1.17.1", None)]
    monkeypatch.setattr(doctor, "drift", lambda _: drifts)
    assert states()["lock"] == (
        doctor.WRONG,
        "2 differ: numpy 2.0.0 (locked 1.26.4), scipy missing (locked 1.17.1); run `make setup`",
    )


def test_a_paddle_that_does_not_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(returncode=1, stdout="", stderr="Traceback\nImportError: libpaddle")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert states()["Paddle"] == (
        doctor.WRONG,
        "does not work: ImportError: libpaddle; run `make clean setup`",
    )


def test_every_process_setting_is_reported() -> None:
    names = ("mkl", "malloc", "stride", "blas", "warnings")
    assert {f"setting {name}" for name in names} <= set(states())
