"""The served app as a process of its own that says which secrets it made: `python -m
tests.watched_server FILE streamlit …` runs the rest as `python -m streamlit …` would.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from tests.log_watch import WATCH

if __name__ == "__main__":
    WATCH.told_to = Path(sys.argv[1])
    WATCH.told_to.touch()
    WATCH.begin()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
