"""A perceptual hash: photos that look alike differ in few of its bits, however they were scaled or recompressed.

The DCT hash as published by Christoph Zauner ("Implementation and Benchmarking of Perceptual Image Hash Functions",
2010): one bit for each of the 8×8 lowest frequencies of a 32×32 grey miniature, set where it exceeds their median.
"""

from __future__ import annotations

import math
import statistics
from operator import mul
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

SIMILAR: Final = 8
"""Bits of 64 that may differ between two photos said to look alike; recompressed copies differ in 0 to 8, others in 14 and more."""
_SIDE: Final = 32
_PLAIN: Final = 12
"""Grey levels between darkest and brightest below which a miniature is noise, and every hash a coincidence."""
_COSINES: Final = [
    [math.cos(math.pi * frequency * (2 * at + 1) / (2 * _SIDE)) for at in range(_SIDE)] for frequency in range(8)
]


def perceptual_hash(image: Image.Image) -> str | None:
    """The hash of an upright picture as 16 hex digits; none for one too plain to compare, such as a white wall."""
    miniature = image.convert("L").resize((_SIDE, _SIDE), resample=4)  # 4: box, the plain average
    grey = miniature.tobytes()
    if max(grey) - min(grey) < _PLAIN:
        return None
    rows = [grey[at : at + _SIDE] for at in range(0, _SIDE * _SIDE, _SIDE)]
    across = [[sum(map(mul, cosine, row)) for row in rows] for cosine in _COSINES]
    strengths = [sum(map(mul, cosine, column)) for column in across for cosine in _COSINES]
    # The first one is the mean brightness, which would drown the others.
    median = statistics.median(strengths[1:])
    bits = 0
    for strength in strengths:
        bits = bits << 1 | (strength > median)
    return f"{bits:016x}"


def hamming(first: str, second: str) -> int:
    """How many bits two hashes differ in, 0 to 64."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
