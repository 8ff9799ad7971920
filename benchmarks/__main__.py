"""Every benchmark, as `make bench` runs them, or those named: `python -m benchmarks answering`."""

from __future__ import annotations

import sys

from benchmarks import answering, pages, scoring
from benchmarks.timing import machine

ALL = {"answering": answering.run, "scoring": scoring.run, "pages": pages.run}


def main(names: list[str]) -> int:
    """Run the benchmarks of these names (none: all) and print what they measured."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}.")
        return 2
    print(machine())
    for name in names or ALL:
        print(f"\n{name}")
        for line in ALL[name]():
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
