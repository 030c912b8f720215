"""``python -m sciml`` is ``sciml``."""

from sciml.cli import main

main()
