"""Writes numerics.json beside itself: what mpmath says of the functions in src/numerics/.

    python3 test/golden/numerics.py        (mpmath 1.3.0)

A real number is spelled "[-]<hex mantissa>:<exponent>", its value mantissa * 2^exponent; arguments are exact,
results have 400 bits. A result of rounding is the 16 hex digits of a float64. The rounding cases come from
Python's integers and fractions alone, whose round() is half to even.
"""

import json
import random
import struct
from fractions import Fraction
from pathlib import Path

import mpmath
from mpmath import mp, mpf

mp.prec = 2600  # the largest float64 modulo pi/2, and 400 bits of the result
random.seed(20240607)


def spell(x, bits=400):
    with mp.workprec(bits):
        x = +mpf(x)
    sign, mantissa, exponent, _ = x._mpf_
    return f"{'-' if sign else ''}{int(mantissa):x}:{exponent}"


def exact(x):
    """An argument: a float64 or an mpf of at most 320 bits."""
    return spell(x, 320)


def spread(count, low, high):
    return [random.uniform(0.5, 1) * 2.0 ** random.uniform(low, high) for _ in range(count)]


def signed(values):
    return [x if i % 2 else -x for i, x in enumerate(values)]


def unary(function, arguments):
    return [[exact(x), spell(function(mpf(x)))] for x in arguments]


halfpi = mpmath.pi / 2
near_quarters = [float(k * halfpi) for k in [1, 2, 3, 4, 5, 6, 7, 8, 11, 22, 710, 355, 104348, 10**9 + 7, 2**52]]
# 6381956970095103 * 2^797: of all float64 the nearest to a multiple of pi/2 (Kahan).
near_quarters += [6381956970095103.0 * 2.0**797, 5.319372648326541e255, 1.7976931348623157e308]

functions = {
    "exp": unary(mpmath.exp, [0.0, 1.0, -1.0, 709.0, -745.0, 20000.0, -30000.5] + signed(spread(60, -340, 10))),
    "ln": unary(
        mpmath.log,
        [1.0, 2.0, 10000.0, 500000.0, 1 + 2.0**-52, 1 - 2.0**-53, 1.0078125, 0.9921875, 1.00390625, 0.7, 1.4, 5e-324]
        + [1.7976931348623157e308]
        + [1 + random.choice([-1, 1]) * 2.0 ** -random.uniform(1, 52) for _ in range(30)]
        + spread(50, -1000, 1000),
    ),
    "sqrt": unary(mpmath.sqrt, [0.0, 1.0, 2.0, 4.0, 2.25, 5e-324, 1.7976931348623157e308] + spread(40, -1000, 1000)),
    "sin": unary(mpmath.sin, [0.0] + near_quarters + signed(spread(60, -200, 60)) + spread(15, 60, 1000)),
    "cos": unary(mpmath.cos, [0.0] + near_quarters + signed(spread(60, -200, 60)) + spread(15, 60, 1000)),
}

powers = [
    [exact(x), exact(y), spell(mpf(x) ** mpf(y))]
    for x, y in [(2.0, -3.0), (9.0, 0.5), (9.0, -1.5), (16.0, 0.25), (10000.0, -0.015625), (10000.0, -0.984375)]
    + [(500000.0, -2 * i / 128) for i in range(1, 64, 5)]
    + [(-3.0, 5.0), (-3.0, -4.0), (1.1, 100.0), (1.1, -1000.0), (1 + 2.0**-52, 2.0**40 + 1), (0.1, 300.5)]
    + [(random.uniform(0.01, 1e6), random.uniform(-3, 3)) for _ in range(60)]
]
# base^(a/b): the exponent a/b is no Real, so the result carries its rounding.
roots = [
    [exact(float(base)), a, b, spell(mpf(base) ** (mpf(a) / b))]
    for base in [2, 8, 27, 1000, 10000, 500000, 1000000]
    for a, b in [(1, 3), (-2, 3), (-2, 96), (-94, 96), (-16, 72), (-8, 12), (7, 5)]
]


# Angles: cos and sin of position * frequency, both exact.
def angle_case(frequency, position):
    with mp.workprec(320):
        frequency = +mpf(frequency)
    x = frequency * mpf(position)
    return [exact(frequency), exact(position), spell(mpmath.cos(x)), spell(mpmath.sin(x))]


def close_positions(frequency):
    """Denominators of the convergents of frequency / (pi/2): positions nearest to multiples of pi/2."""
    x = mpf(frequency) / halfpi
    p0, p1 = 1, 0
    found = []
    for _ in range(60):
        a = int(mpmath.floor(x))
        p0, p1 = p1, a * p1 + p0
        if p1 > 2**53:
            break
        if p1 > 1:
            found.append(p1)
        x = 1 / (x - a)
    return found[-4:]


angles = []
for base, width in [(10000, 128), (500000, 128), (10000, 64), (1000000, 96)]:
    for i in [0, 1, 7, width // 4, width // 2 - 1]:
        frequency = mpf(base) ** (mpf(-2 * i) / width)
        for position in [0, 1, 2, 131071, 2**24 + 1, random.randrange(2**40), random.randrange(2**53), 2**53]:
            angles.append(angle_case(frequency, position))
        for position in close_positions(frequency):
            angles.append(angle_case(frequency, position))
        for position in [0.5, 2.0**-60, 1e-3, 1234.5678, 3.9e9 + 0.25, -17.0, -0.75]:
            angles.append(angle_case(frequency, position))
for position in near_quarters + [2.0**127 * 1.9, 2.0**53, 2.0**53 + 2, 1e22, 5e-324, 1e-300]:
    angles.append(angle_case(1, position))
for frequency in [1e-300, 2.5e-200, 1e-17, 3.999, 2.0**30 * 1.3, 2.0**53 - 1, 1e300, -0.37]:
    for position in [1, 3, 2**53 - 1, 0.1, 1e200]:
        angles.append(angle_case(frequency, position))
# Frequencies made so that the position comes to k * pi/2 + distance.
for position in [1, 3, 4095, 2**31 - 1, 2**53 - 1]:
    for k in [1, 2, 3, 4, 5, 64, 1001]:
        for distance in [2.0**-50, -(2.0**-70), 2.0**-86]:
            angles.append(angle_case((k * halfpi + distance) / position, position))
# The borders between two table directions.
for k in range(0, 256, 5):
    for offset in [0, 2.0**-40, -(2.0**-40)]:
        angles.append(angle_case((2 * k + 1) * mpmath.pi / 256 + offset, 1))

# Rounding.
shapes = {"f64": (53, -1022, 1023), "f32": (24, -126, 127), "f16": (11, -14, 15), "bf16": (8, -126, 127)}


def two(n):
    return Fraction(2) ** n


def rounded(x, dtype):
    bits, low, high = shapes[dtype]
    magnitude = abs(x)
    top = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < two(top):
        top -= 1
    last = max(top, low) - bits + 1
    value = round(magnitude / two(last)) * two(last)
    number = float("inf") if value >= two(high + 1) else float(value)
    return struct.pack(">d", -number if x < 0 else number).hex()


def fraction(x):
    return f"{'-' if x < 0 else ''}{abs(x.numerator):x}:{1 - x.denominator.bit_length()}"


roundings = []
for dtype, (bits, low, high) in shapes.items():
    smallest = two(low - bits + 1)
    largest = two(high + 1) - two(high - bits + 1)
    units = [(random.randrange(2 ** (bits - 1), 2**bits), two(random.randint(low, high) - bits + 1)) for _ in range(12)]
    units += [(random.randrange(1, 2 ** (bits - 1)), smallest) for _ in range(8)]
    units += [(2**bits - 1, two(-bits)), (2**bits - 2, two(-bits)), (2 ** (bits - 1) - 1, smallest), (0, smallest)]
    units += [(1, smallest), (2**bits - 1, two(high - bits + 1)), (2**bits - 2, two(high - bits + 1))]
    for n, unit in units:
        tie = (n + Fraction(1, 2)) * unit
        for x in [n * unit, tie, (n + Fraction(1, 4)) * unit]:
            if x != 0:
                roundings.append([dtype, fraction(x), rounded(x, dtype)])
                roundings.append([dtype, fraction(-x), rounded(-x, dtype)])
        scale = two(tie.numerator.bit_length() - tie.denominator.bit_length())
        for side in [1, -1]:
            # Seen: within the 256 bits that decide. Not seen: an accumulated error, the tie goes to even.
            seen = tie + side * scale * two(-240)
            unseen = tie + side * scale * two(-300)
            roundings.append([dtype, fraction(seen), rounded(seen, dtype)])
            roundings.append([dtype, fraction(unseen), rounded(tie, dtype)])
    for x in [largest, largest * 2, largest * two(2000), smallest * two(-2000), two(high + 1), two(low), two(low - 1)]:
        roundings.append([dtype, fraction(x), rounded(x, dtype)])
        roundings.append([dtype, fraction(-x), rounded(-x, dtype)])

golden = {
    "made_by": f"numerics.py, mpmath {mpmath.__version__}",
    "functions": functions,
    "powers": powers,
    "roots": roots,
    "angles": angles,
    "roundings": roundings,
}
lines = json.dumps(golden).replace("], [", "],\n[").replace('": [[', '": [\n[')
Path(__file__).with_name("numerics.json").write_text(lines + "\n")
print({key: len(value) for key, value in golden.items()})
