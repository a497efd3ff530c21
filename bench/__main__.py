"""`make bench`: every figure as a ratio against a baseline of the same run.

Absolute times on shared machines mean little; what both sides of a ratio suffer cancels out.
Writes `bench/results.json`: a list of {name, value, unit, baseline, ratio, goal, met}.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import bench

RESULTS = Path(__file__).parent / "results.json"


def main(wanted: list[str]) -> int:
    """Run the benches whose names contain one of the words, or all; 1 where a goal is missed."""
    rows: list[dict[str, object]] = []
    for module in pkgutil.iter_modules(bench.__path__):
        measure = getattr(importlib.import_module(f"bench.{module.name}"), "measure", None)
        if measure is None or (wanted and not any(word in module.name for word in wanted)):
            continue
        print(f"{module.name} …", file=sys.stderr, flush=True)
        rows += measure()
    print(table(rows))
    kept = {row["name"]: row for row in read()} if wanted else {}
    kept |= {row["name"]: row for row in rows}
    RESULTS.write_text(json.dumps(list(kept.values()), indent=2) + "\n")
    return int(not all(row["met"] for row in rows))


def read() -> list[dict[str, object]]:
    """The results of an earlier run."""
    return list(json.loads(RESULTS.read_text())) if RESULTS.exists() else []


def table(rows: list[dict[str, object]]) -> str:
    """Results for people."""
    head = ("name", "value", "unit", "baseline", "ratio", "goal", "met")
    lines = [head, *(tuple(_cell(row[name]) for name in head) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
