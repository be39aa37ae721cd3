"""Correctly rounded tables, with hard cases made for it: python exact_tables.py OUT.json

Needs mpmath. Everything is computed from the formulas with 100 digits and rounded once, in whole numbers, to the
dtype (half to even). A tensor is spelled as the hexadecimal digits of its little-endian bytes.
"""
import json, math, random, struct, sys
from fractions import Fraction

import mpmath
from mpmath import mp, mpf
from rope_laws_exact import real_law

mp.dps = 110
rng = random.Random(11)
SHAPES = {'f64': (53, -1022, 1023), 'f32': (24, -126, 127), 'f16': (11, -14, 15), 'bf16': (8, -126, 127)}
NARROW = ['f32', 'f16', 'bf16']


def place(x, dtype):
    """(units, exponent of a unit, distance to the nearest midpoint in units) of |x|, not yet rounded."""
    bits, low, _ = SHAPES[dtype]
    top = int(mpmath.floor(mpmath.log(abs(x), 2)))
    top += 1 if abs(x) >= mpf(2) ** (top + 1) else -1 if abs(x) < mpf(2) ** top else 0
    last = max(top, low) - bits + 1
    units = abs(x) / mpf(2) ** last
    return units, last, abs(units - mpmath.floor(units) - mpf(1) / 2)


def rounded(x, dtype):
    """The dtype's nearest value as a float; a nonzero distance to a midpoint must be far above the precision."""
    if x == 0:
        return 0.0
    units, last, distance = place(x, dtype)
    assert distance == 0 or distance > mpf(2) ** -180, (x, dtype)
    bits, _, high = SHAPES[dtype]
    whole = int(mpmath.floor(units))
    rest = units - whole
    if rest > 0.5 or (rest == 0.5 and whole % 2 == 1):
        whole += 1
    value = math.inf if whole * Fraction(2) ** last >= Fraction(2) ** (high + 1) else math.ldexp(whole, last)
    return -value if x < 0 else value


def pack(values, dtype):
    rounds = [rounded(x, dtype) for x in values]
    if dtype == 'f64':
        return struct.pack(f'<{len(rounds)}d', *rounds).hex()
    if dtype == 'f16':
        return struct.pack(f'<{len(rounds)}e', *rounds).hex()
    single = struct.pack(f'<{len(rounds)}f', *rounds)
    if dtype == 'f32':
        return single.hex()
    return b''.join(single[i + 2 : i + 4] for i in range(0, len(single), 4)).hex()


def positions(params):
    return params.get('positions') or range(params['start'], params['start'] + params['length'])


def turn(position, frequency):
    angle = mpf(position) * frequency
    return (mpf(1), mpf(0)) if angle == 0 else mpmath.cos_sin(angle)


def rope(dtype, **params):
    law = {key: value for key, value in params.items() if key not in ('positions', 'start', 'length')}
    frequencies, scale, _ = real_law({'rope_type': 'default', **law})
    both = [turn(p, w) for p in positions(params) for w in frequencies]
    tensors = {name: pack([scale * pair[i] for pair in both], dtype) for i, name in enumerate(('cos', 'sin'))}
    return {'encoding': 'rope', 'params': {**params, 'layout': 'compact', 'dtype': dtype, 'profile': 'exact'}, 'tensors': tensors}


def sinusoidal(dtype, **params):
    dim, variant, base = params['dim'], params['variant'], mpf(params['base'])
    half = dim // 2
    whole = variant in ('vaswani', 'marian', 'cos_first')
    step = mpf(-2) / dim if whole else mpf(-1) / max(half - 1, 1)
    frequencies = [base ** (k * step) for k in range((dim + 1) // 2 if whole else half)]
    table = []
    for p in positions(params):
        cos, sin = zip(*(turn(p, w) for w in frequencies))
        if variant in ('vaswani', 'cos_first'):
            first, second = (sin, cos) if variant == 'vaswani' else (cos, sin)
            table += [value for pair in zip(first, second) for value in pair][:dim]
        elif variant == 'musicgen':
            table += [*cos, *sin, *[0] * (dim % 2)]
        else:
            table += [*sin, *cos, *([] if whole else [0] * (dim % 2))][:dim]
    return {'encoding': 'sinusoidal', 'params': {**params, 'dtype': dtype, 'profile': 'exact'}, 'tensors': {'table': pack(table, dtype)}}


def slopes(variant, heads, longest):
    power = 1 << (heads - 1).bit_length() if variant == 'mpt' else 1 << (heads.bit_length() - 1)
    if variant == 'mpt':
        order = list(range(1, power + 1)) if heads == power else [*range(2, power + 1, 2), *range(1, power + 1, 2)]
        return [mpf(2) ** (-mpf(m) * mpf(longest) / power) for m in order[:heads]]
    first = [mpf(2) ** (-mpf(8 * (i + 1)) / power) for i in range(power)]
    return first + [mpf(2) ** (-mpf(4 * (2 * i + 1)) / power) for i in range(heads - power)]


def alibi(dtype, variant, heads, keys, longest=8):
    own = slopes(variant, heads, longest)
    bias = [-slope * abs(q - k) for slope in own for q in range(keys) for k in range(keys)]
    params = {'num_heads': heads, 'key_length': keys, 'variant': variant, 'dtype': dtype, 'profile': 'exact'}
    if variant == 'mpt':
        params['alibi_bias_max'] = longest
    return {'encoding': 'alibi-bias', 'params': params, 'tensors': {'bias': pack(bias, dtype)}}


def single(x):
    """The float32 nearest to a Fraction or float, as a Fraction."""
    return Fraction(rounded(mpf(Fraction(x).numerator) / Fraction(x).denominator, 'f32'))


def narrowed(function, angle, dtype):
    """A function of a float angle, rounded to float32 and once more to the dtype; f64 holds the float32."""
    value = mpf(rounded(function(mpf(angle.numerator) / angle.denominator), 'f32'))
    return value if dtype == 'f64' else mpf(rounded(value, dtype))


def framework_rope(dtype, factor, positions):
    """One pair, whose frequency is the float32 1/factor: the float32 angle of a float32 position."""
    frequency = single(1 / Fraction(factor))
    angles = [single(single(p) * frequency) for p in positions]
    tensors = {name: pack([narrowed(f, a, dtype) for a in angles], dtype) for name, f in (('cos', mpmath.cos), ('sin', mpmath.sin))}
    params = {'head_dim': 2, 'rope_type': 'linear', 'factor': factor, 'positions': positions, 'layout': 'compact', 'dtype': dtype}
    return {'encoding': 'rope', 'params': {**params, 'profile': 'transformers'}, 'tensors': tensors}


def framework_sinusoidal(dtype, root, positions):
    """Divisors 1 and `root`, the square root of the base: the float64 quotient."""
    angles = [Fraction(p / root_or_one) for p in positions for root_or_one in (1, root)]
    table = [narrowed(f, a, dtype) for a in angles for f in (mpmath.sin, mpmath.cos)]
    params = {'dim': 4, 'variant': 'vaswani', 'base': root * root, 'positions': positions, 'dtype': dtype}
    return {'encoding': 'sinusoidal', 'params': {**params, 'profile': 'transformers'}, 'tensors': {'table': pack(table, dtype)}}


def midpoint(dtype):
    """Half way between two neighbours of the dtype in [1/16, 1), where all have their full precision."""
    bits = SHAPES[dtype][0]
    return mpf(2 * rng.randrange(2 ** (bits - 1), 2**bits) + 1) / 2 ** (bits + 1 + rng.randrange(4))


def hardest(candidates, value, dtype, count):
    """Of the candidates those whose value lies nearest to a midpoint, without being one."""
    ranked = sorted(candidates, key=lambda candidate: place(value(candidate), dtype)[2])
    return ranked[:count]


def near_axes(frequency):
    """Positions of the convergents of frequency / (pi/2), and multiples: cos or sin almost vanishes."""
    x = frequency / (mpmath.pi / 2)
    before, last, found = 1, 0, []
    while True:
        whole = int(mpmath.floor(x))
        before, last = last, whole * last + before
        if last >= 2**53:
            return found
        if last > 1:
            found.append(last)
        x = 1 / (x - whole)


def cases():
    for dtype in SHAPES:
        # Windows from the first to the last position there is.
        for start in [0, 253, 8190, 2**24 - 3, 2**31 - 2, 2**40 + 12345, 2**53 - 6]:
            yield rope(dtype, head_dim=12, rope_theta=rng.choice([10000, 500000, 1e6]), start=start, length=6)
        yield rope(dtype, head_dim=2, rope_type='linear', factor=1e-6, start=2**53 - 3, length=3)
        yield rope(dtype, head_dim=8, positions=[0, 0.5, 1 / 3, 1e-9, 4096.125, 2.0**52 + 0.5, 2.0**53 - 1, 1e15 / 3])
        yield rope(dtype, head_dim=8, rope_type='yarn', factor=4, original_max_position_embeddings=512, start=1000, length=6)

        # Where a cosine or sine almost vanishes.
        for theta in [10000, 500000]:
            frequencies, _, _ = real_law({'rope_type': 'default', 'head_dim': 4, 'rope_theta': theta})
            near = [p for w in frequencies for p in near_axes(w)[-9:]]
            near += [m * p for p in near[-3:] for m in range(2, 5) if m * p < 2**53]
            yield rope(dtype, head_dim=4, rope_theta=theta, positions=sorted(set(near)))

        # Sinusoids in every order of columns.
        for variant in ['vaswani', 'marian', 'cos_first', 'tensor2tensor', 'whisper', 'musicgen']:
            yield sinusoidal(dtype, dim=rng.choice([6, 7]), variant=variant, base=rng.choice([10000, 300, 2.5]), start=rng.randrange(10**6), length=4)

        # The rules of the framework, where float32 and float64 frequencies follow from a division.
        spread = [0, 1, 1000, 131071, 2**24 - 1, 2**24 + 1, 2**31 + 129, 2**53 - 1] + [rng.randrange(2**k) for k in range(4, 53, 4)]
        spread += [0.5, 1 / 3, 4096.0000001, 2.0**52 + 0.5]
        for factor in [1, 3, 7.5, 0.375, 654321]:
            yield framework_rope(dtype, factor, spread)
        for root in [3, 100, 1237]:
            yield framework_sinusoidal(dtype, root, spread)

        # Slopes times distances.
        yield alibi(dtype, 'press', 6, 7)
        yield alibi(dtype, 'mpt', 3, 6, 11.3)

    for dtype in NARROW:
        # Whole positions next to a midpoint: the divisor of the frequency is made for the value.
        for function, inverse in [(mpmath.cos, mpmath.acos), (mpmath.sin, mpmath.asin)]:
            candidates = [(p, float(mpf(p) / inverse(midpoint(dtype)))) for p in range(1, 1201)]
            for p, factor in hardest(candidates, lambda c: function(c[0] / mpf(c[1])), dtype, 12):
                yield rope(dtype, head_dim=2, rope_type='linear', factor=factor, start=p, length=1)

        # Fractions next to a midpoint.
        candidates = [float(mpmath.acos(midpoint(dtype)) + 2 * mpmath.pi * turns) for turns in range(1200)]
        yield rope(dtype, head_dim=2, positions=hardest(candidates, mpmath.cos, dtype, 24))

        # Products next to a midpoint, of one head and up to seven keys.
        candidates = [(k, float(mpmath.log(k / midpoint(dtype), 2))) for k in range(1, 8) for _ in range(150)]
        for k, longest in hardest(candidates, lambda c: c[0] * mpf(2) ** -mpf(c[1]), dtype, 6):
            yield alibi(dtype, 'mpt', 1, k + 1, longest)

        # A factor that is a midpoint, and angles so small that only the last of 100 bits tell: below it, but at 0 on it.
        bits = SHAPES[dtype][0]
        for units in [1, 3, 2 ** (bits - 2) + 1]:
            tie = 1 + units * 2.0**-bits
            yield rope(dtype, head_dim=4, rope_theta=1e30, rope_type='longrope', short_factor=[1, 1], long_factor=[1, 1], original_max_position_embeddings=2048, attention_factor=tie, positions=[0, 1, 2, 1000, 1e-9, 3e-12])

    # Sines next to a midpoint of float64: a factor of many bits times a dyadic angle.
    for p in [1, 3, 5, 7, 11, 127, 255, 4095]:
        bits = 54 - p.bit_length()
        factor = (2 ** (bits - 1) + 2 * rng.randrange(2 ** (bits - 2)) + 1) * 2.0 ** (1 - bits)
        if (int(factor * 2 ** (bits - 1)) * p).bit_length() == 54:
            yield rope('f64', head_dim=4, rope_theta=2**60, rope_type='longrope', short_factor=[1, 2**19], long_factor=[1, 2**19], original_max_position_embeddings=2048, attention_factor=factor, positions=[p, p / 4, p * 2.0**-20])

    # Subnormal results, midpoints of the subnormal float16 among them.
    tiny = [rng.uniform(0.5, 1) * 2.0**-k for k in range(0, 1070, 45)]
    yield rope('f64', head_dim=8, rope_theta=1e300, positions=tiny)
    yield rope('f64', head_dim=16, rope_theta=1e300, rope_type='linear', factor=1e6, start=1, length=12)
    yield rope('f64', head_dim=8, rope_theta=1e300, positions=[rng.uniform(0.5, 1) * 2.0 ** -rng.uniform(770, 780) for _ in range(30)])
    yield rope('f64', head_dim=8, rope_theta=1e300, positions=[rng.uniform(0.5, 1) * 2.0 ** -rng.uniform(520, 530) for _ in range(30)])
    for dtype in ['f32', 'bf16']:
        yield rope(dtype, head_dim=6, rope_theta=1e60, rope_type='linear', factor=16, start=1, length=20)
        yield rope(dtype, head_dim=2, positions=[rng.uniform(0.5, 1) * 2.0 ** -rng.uniform(124, 152) for _ in range(24)])
    yield rope('f16', head_dim=4, rope_theta=2**12, rope_type='linear', factor=2**19, start=1, length=24)
    yield rope('f16', head_dim=2, positions=[n * 2.0**-25 for n in range(1, 25)])
    yield rope('f16', head_dim=2, rope_type='yarn', factor=4, original_max_position_embeddings=512, attention_factor=65520, start=0, length=4)


if __name__ == '__main__':
    lines = [json.dumps(case) for case in cases()]
    with open(sys.argv[1], 'w') as out:
        out.write('{"made_with": {"mpmath": "' + mpmath.__version__ + '"}, "cases": [\n' + ',\n'.join(lines) + '\n]}\n')
    print(len(lines), 'cases')
