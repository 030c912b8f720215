"""JupyterLab stays on this machine and asks the network for nothing."""

from sciml.cli.lab import command


def test_the_server_listens_on_loopback_with_a_token() -> None:
    line = command(9999, browser=False)
    assert "--ServerApp.ip=127.0.0.1" in line
    assert "--port=9999" in line
    assert "--no-browser" in line
    assert "--LabApp.news_url=None" in line
    assert not [word for word in line if "token=''" in word or "password" in word]


def test_the_browser_opens_unless_told_otherwise() -> None:
    assert "--no-browser" not in command(8888, browser=True)
