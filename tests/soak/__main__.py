"""`make soak`: thirty days of five hundred rooms; prints its seed, so that it can be repeated."""

import argparse
import logging
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fakes.virtual import in_virtual_time
from tests.soak.month import soak


def main() -> int:
    """Soak; 1 where an agenda was wrong or a budget was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rooms", type=int, default=500)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    given = parser.parse_args()
    print(f"seed: {given.seed}", flush=True)
    logging.disable(logging.WARNING)  # thousands of faults are told of
    with tempfile.TemporaryDirectory() as folder:
        report = in_virtual_time(
            soak(
                Path(folder),
                days=given.days,
                rooms=given.rooms,
                seed=given.seed,
                say=lambda words: print(words, flush=True),
            )
        )
    print("\n".join(report.lines()))
    return int(not report.good)


if __name__ == "__main__":
    sys.exit(main())
