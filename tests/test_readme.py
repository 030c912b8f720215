"""The Chinese README says what the English one says: the same commands and the same numbers."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CODE = re.compile(r"`([^`]+)`")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    _, found, rest = text.partition(f"## {heading}\n")
    assert found, heading
    return rest.partition("\n## ")[0]


def rows(text: str) -> list[str]:
    """The rows of all tables but for the lines under their heads."""
    return [line for line in text.splitlines() if line.startswith("|") and "---" not in line]


def test_both_tables_of_usage_give_the_same_commands() -> None:
    english, chinese = (
        [_CODE.findall(row) for row in rows(section(text, heading))]
        for text, heading in ((ENGLISH, "How to use it"), (CHINESE, "怎么用"))
    )
    assert len(english) > 10
    assert chinese == english


def test_both_say_how_long_the_two_commands_take() -> None:
    english, chinese = (
        _NUMBER.findall(text[text.index(start) : text.index("\n## ")])
        for text, start in ((ENGLISH, "Measured on two cores"), (CHINESE, "双核机器实测"))
    )
    assert len(english) == 6
    assert chinese == english


@pytest.mark.parametrize("pattern", [r"\]\((\S+\.png)\)", r"`(python benchmarks/\S+)`"])
def test_both_show_the_same_figures_and_benchmarks(pattern: str) -> None:
    english = re.findall(pattern, ENGLISH)
    assert english
    assert re.findall(pattern, CHINESE) == english


def test_both_tables_of_results_have_the_same_numbers() -> None:
    english, chinese = (
        [_NUMBER.findall(row) for row in rows(section(text, heading)) if "**0" in row]
        for text, heading in ((ENGLISH, "What it shows"), (CHINESE, "能看到什么"))
    )
    assert len(english) > 8
    assert chinese == english
