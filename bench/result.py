"""One line of the results."""

from typing import Literal

Row = dict[str, object]


def row(
    name: str,
    *,
    value: float,
    unit: str,
    baseline: float,
    goal: float,
    better: Literal["less", "more"],
    ratio: float | None = None,
) -> Row:
    """A result; its ratio is value over baseline unless it is given."""
    found = value / baseline if ratio is None else ratio
    met = found <= goal if better == "less" else found >= goal
    return {
        "name": name,
        "value": round(value, 6),
        "unit": unit,
        "baseline": round(baseline, 6),
        "ratio": round(found, 4),
        "goal": goal,
        "met": met,
    }
