"""Student's t distribution for any degrees of freedom, and Holm's correction: what verdicts need of scipy."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isinf, lgamma, log, sqrt
from statistics import NormalDist

MOST_FREEDOM = 1e5  # beyond it t is normal to five digits


def two_sided(t: float, freedom: float) -> float:
    """P(|T| >= |t|) of Student's t. It is the regularised incomplete beta function I_x(freedom / 2, 1 / 2) at
    x = freedom / (freedom + t * t) (Abramowitz and Stegun 1964, 26.7.1)."""
    if isinf(t):
        return 0.0
    if freedom > MOST_FREEDOM:
        return 2 * NormalDist().cdf(-abs(t))
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def f_tail(f: float, above: float, below: float) -> float:
    """P(F >= f) of the F distribution with these degrees of freedom (Abramowitz and Stegun 26.6.2)."""
    return 1.0 if f <= 0 else incomplete_beta(below / 2, above / 2, below / (below + above * f))


def quantile(share: float, freedom: float) -> float:
    """The value below which `share` (0..1) of Student's t lies, to 1e-9, by bisection."""
    if share == 0.5:
        return 0.0
    tail, low, high = 2 * min(share, 1 - share), 0.0, 1.0
    while two_sided(high, freedom) > tail:
        high *= 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > tail else (low, middle)
    return high if share > 0.5 else -high


def incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) for 0 <= x <= 1, by its continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction of the other tail converges faster
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    return front / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), from front to back (Lentz 1976)."""
    value, above, below = 1.0, 1.0, 0.0
    for step in range(1, 400):
        m = step // 2
        if step % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / (1 + d * below)
        above = 1 + d / above
        value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return value


def holm(p_values: Sequence[float], planned: int = 0) -> list[float]:
    """p-values corrected for how many they are (Holm 1979), or for the larger number that is `planned`: the smallest
    times n, the next times n - 1, and so on; none below the one before it, none above 1. Whatever is at most the level
    then is shown, and the chance that any of it is wrong is at most the level, however the tests depend on each
    other."""
    count = max(planned, len(p_values))
    found, least = [1.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, p_values[index] * (count - place)))
        found[index] = least
    return found


def effective_freedom(parts: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of variances (part, its own degrees of freedom) that are estimated apart; at least 1.
    A part may be negative.

    Satterthwaite's approximation (1946). A part with one degree of freedom is often far too small by chance, and it
    then gives the sum too much credit (an interval of 95 % held 86 %); with such a part the sum gets the freedom at
    which Student's t is as wide as each part at its own t (Cochran and Cox 1950, section 4.14).
    """
    total = sum(part for part, _ in parts)
    if total <= 0:
        return MOST_FREEDOM
    if any(freedom == 1 for _, freedom in parts):
        return _freedom_of(sum(part * quantile(0.975, freedom) ** 2 for part, freedom in parts) / total)
    return max(1.0, total * total / sum(part * part / freedom for part, freedom in parts))


def _freedom_of(square: float) -> float:
    """Degrees of freedom at which the square of Student's t at 97.5 % is this, by bisection on their logarithm."""
    low, high = 0.0, log(MOST_FREEDOM)
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if quantile(0.975, exp(middle)) ** 2 > square else (low, middle)
    return exp(low)


def root(variance: float) -> float:
    return sqrt(max(variance, 0.0))
