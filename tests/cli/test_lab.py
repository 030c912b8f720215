"""JupyterLab stays on this machine and asks the network for nothing."""

import json
from pathlib import Path

import pytest

from sciml.cli.lab import command, environment


def test_the_server_listens_on_loopback_with_a_token() -> None:
    line = command(9999, browser=False)
    assert "--ServerApp.ip=127.0.0.1" in line
    assert "--port=9999" in line
    assert "--no-browser" in line
    assert not [word for word in line if "token" in word or "password" in word]


def test_the_browser_opens_unless_told_otherwise() -> None:
    assert "--no-browser" not in command(8888, browser=True)


def test_news_and_updates_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    first, second = environment()["JUPYTER_CONFIG_PATH"].split(":")
    assert second == "mine"
    text = (Path(first) / "labconfig/default_setting_overrides.json").read_text(encoding="utf-8")
    (settings,) = json.loads(text).values()
    assert settings == {"checkForUpdates": False, "fetchNews": "false"}
