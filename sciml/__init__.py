"""sciml: AI for science in notebooks, on PaddlePaddle.

Importing the package makes the process settings for Paddle but imports neither Paddle nor
PaddleScience; see :mod:`sciml.core.runtime`.
"""

from sciml.core import runtime as _runtime

__version__ = "0.1.0"

_runtime.prepare()
