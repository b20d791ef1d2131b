# SPDX-License-Identifier: Apache-2.0
"""The straight line through what was free hour by hour (least squares), and when it reaches nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Hours below which a line would say more of noise than of a trend.
LEAST_POINTS = 48
#: Days beyond which nobody would believe a line.
HORIZON = 3650
DAY = 24


@dataclass(frozen=True, slots=True)
class Line:
    """value = level + slope * hours. :ivar fit: R squared, 0 to 1; 1 for a level that never moved."""

    slope: float
    level: float
    fit: float

    def at(self, hour: float) -> float:
        """Its value."""
        return self.level + self.slope * hour


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a line says of a pool.

    :ivar line: None of too few points. :ivar hours_left: from now until nothing is free; None: not foreseen, for the ``reason``.
    """

    points: int
    line: Line | None
    hours_left: float | None
    reason: str | None


def line(points: Sequence[tuple[float, float]]) -> Line | None:
    """Least squares through (hour, value); None where all hours are one."""
    if not points:
        return None
    # Around the means: hours since the epoch squared would eat the digits that matter.
    count = len(points)
    middle, mean = math.fsum(x for x, _ in points) / count, math.fsum(y for _, y in points) / count
    spread = math.fsum((x - middle) ** 2 for x, _ in points)
    if spread == 0:
        return None
    slope = math.fsum((x - middle) * (y - mean) for x, y in points) / spread
    around = math.fsum((y - mean) ** 2 for _, y in points)
    left = math.fsum((y - mean - slope * (x - middle)) ** 2 for x, y in points)
    return Line(slope, mean - slope * middle, 1.0 if around == 0 else max(0.0, 1 - left / around))


def forecast(points: Sequence[tuple[float, float]], now: float) -> Forecast:
    """:param points: (hour, free machines), in any order. :param now: the present hour on the same scale."""
    found = line(points)
    if found is None or len(points) < LEAST_POINTS:
        return Forecast(len(points), None, None, f"{len(points)} of the {LEAST_POINTS} hours that a trend needs are known.")
    if max(points)[1] <= 0:
        return Forecast(len(points), found, 0.0, None)
    # Less than a machine in ten years is no trend but rounding.
    if found.slope * DAY * HORIZON > -1:
        return Forecast(len(points), found, None, "What is free does not become less.")
    left = max(0.0, -found.at(now) / found.slope)
    if left > HORIZON * DAY:
        return Forecast(len(points), found, None, "By this trend it lasts for more than ten years.")
    return Forecast(len(points), found, left, None)
