"""Frequencies of the RoPE scaling laws in real numbers: python rope_laws_exact.py OUT.json

Needs mpmath. Written from the papers' formulas, one power a frequency, 100 digits, rounded once to float64
(spelled as its 16 hexadecimal digits).
"""
import json, struct, sys
from mpmath import mp, mpf, ceil, floor, log, pi, sqrt

mp.dps = 100


def bits(x):
    return struct.pack('>d', float(x)).hex()


def theta(base, width, count=None):
    return [mpf(base) ** (-mpf(2 * i) / width) for i in range((width + 1) // 2 if count is None else count)]


def clamp(x):
    return min(max(x, mpf(0)), mpf(1))


def correction(fast, slow, width, base, trained, truncate=True):
    low, high = (width * log(trained / (2 * pi * mpf(r))) / (2 * log(mpf(base))) for r in (fast, slow))
    if truncate:
        low, high = floor(low), ceil(high)
    return max(low, mpf(0)), min(high, mpf(width - 1))


def dimension_ramp(low, high, count):
    high = high if high != low else low + mpf(1) / 1000
    return [clamp((i - low) / (high - low)) for i in range(count)]


def mix(interpolated, kept, ramp):
    return [a * y + b * (1 - y) for a, b, y in zip(interpolated, kept, ramp)]


def mscale(s, m=1):
    return mpf(1) if s <= 1 else mpf(m) * log(mpf(s)) / 10 + 1


def real_law(p):
    """inv_freq and attention factor as mpf, and for yarn what else there is."""
    kind, head, base = p['rope_type'], p['head_dim'], p.get('rope_theta', 10000)
    r = int(head * p.get('partial_rotary_factor', 1))
    s, trained, longest = p.get('factor'), p.get('original_max_position_embeddings'), p.get('max_position_embeddings')
    plain = theta(base, r)
    attention = p.get('attention_factor', 1)
    more = {}
    if kind == 'default':
        inv = plain
    elif kind == 'linear':
        inv = [w / mpf(s) for w in plain]
    elif kind == 'ntk':
        scale = mpf(s if s is not None else p['alpha'])
        inv = theta(mpf(base) * (scale if p.get('alpha_rule') == 'literal' else scale ** (mpf(r) / (r - 2))), r)
    elif kind == 'dynamic':
        length = max(p.get('seq_len', 0), longest)
        inv = theta(base * (mpf(s) * length / longest - (mpf(s) - 1)) ** (mpf(r) / (r - 2)), r)
    elif kind == 'ntk-by-parts':
        linear = [w / mpf(s) for w in plain]
        ntk = theta(base * mpf(s) ** (mpf(r) / (r - 2)), r)
        for kept, (fast, slow), share in ((ntk, (1.25, 0.75), p.get('ntk_factor', 1)), (plain, (16, 2), p.get('extrapolation_factor', 1))):
            ramp = dimension_ramp(*correction(fast, slow, r, base, trained), len(plain))
            linear = mix(linear, kept, [1 - (1 - y) * mpf(share) for y in ramp])
        inv = linear
    elif kind == 'yarn':
        fast, slow = p.get('beta_fast', 32), p.get('beta_slow', 1)
        if p.get('ramp') == 'rotations':
            low, high = mpf(slow), mpf(fast)
            ramp = [1 - clamp((trained * w / (2 * pi) - low) / (high - low)) for w in plain]
        else:
            low, high = correction(fast, slow, r, base, trained, p.get('truncate', True))
            ramp = dimension_ramp(low, high, len(plain))
        inv = mix([w / mpf(s) for w in plain], plain, ramp)
        more = {'correction_range': [low, high], 'ramp': ramp}
        if 'attention_factor' not in p:
            over, under = p.get('mscale'), p.get('mscale_all_dim')
            attention = mscale(s, over) / mscale(s, under) if over and under else mscale(s)
    elif kind == 'longrope':
        factors = p['long_factor'] if p.get('seq_len', 0) > trained else p['short_factor']
        inv = [w / mpf(f) for w, f in zip(plain, factors, strict=True)]
        if 'attention_factor' not in p:
            s = mpf(s) if s is not None else mpf(longest) / trained
            attention = sqrt(1 + log(s) / log(mpf(trained))) if s > 1 else 1
    elif kind == 'llama3':
        inv = []
        for w in plain:
            wavelength = 2 * pi / w
            smooth = lambda: (trained / wavelength - mpf(p['low_freq_factor'])) / (mpf(p['high_freq_factor']) - mpf(p['low_freq_factor']))
            if wavelength > trained / mpf(p['low_freq_factor']):
                inv.append(w / mpf(s))
            elif wavelength < trained / mpf(p['high_freq_factor']):
                inv.append(w)
            else:
                inv.append((1 - smooth()) * w / mpf(s) + smooth() * w)
    elif kind == 'proportional':
        turning = int(p.get('partial_rotary_factor', 1) * head // 2)
        inv = [w / mpf(s or 1) for w in theta(base, head, turning)] + [mpf(0)] * (head // 2 - turning)
    return inv, mpf(attention), more


def law(p):
    inv, attention, more = real_law(p)
    if more:
        more = {'correction_range': list(map(bits, more['correction_range'])), 'ramp': ''.join(map(bits, more['ramp']))}
    return {'params': p, 'inv_freq': ''.join(map(bits, inv)), 'attention_factor': bits(attention), **more}


def case(rope_type, head_dim, **more):
    return {'rope_type': rope_type, 'head_dim': head_dim, **more}


yarn = lambda d, s, trained, **more: case('yarn', d, factor=s, original_max_position_embeddings=trained, **more)
parts = lambda d, s, trained, **more: case('ntk-by-parts', d, factor=s, original_max_position_embeddings=trained, **more)
llama = lambda d, s, lo, hi, trained, **more: case('llama3', d, rope_theta=500000, factor=s, low_freq_factor=lo, high_freq_factor=hi, original_max_position_embeddings=trained, **more)
lists = lambda n: dict(short_factor=[1 + 0.01 * i for i in range(n)], long_factor=[1 + 0.9 * i for i in range(n)])
CASES = [
    case('default', 128), case('default', 64, rope_theta=500000), case('default', 42, partial_rotary_factor=0.5), case('default', 292, partial_rotary_factor=0.25), case('default', 32, rope_theta=1), case('default', 1),
    case('linear', 128, factor=4), case('linear', 96, rope_theta=1e6, factor=1.3), case('linear', 42, partial_rotary_factor=0.5, factor=0.7),
    case('ntk', 128, factor=8), case('ntk', 128, alpha=4), case('ntk', 8, alpha=4, alpha_rule='literal'), case('ntk', 42, partial_rotary_factor=0.5, factor=2.5), case('ntk', 2, alpha=3, alpha_rule='literal'),
    case('dynamic', 128, factor=2, max_position_embeddings=4096), case('dynamic', 128, factor=8, max_position_embeddings=4096, seq_len=4097), case('dynamic', 128, factor=2.3, max_position_embeddings=2048, seq_len=2000), case('dynamic', 42, partial_rotary_factor=0.5, factor=0.5, max_position_embeddings=2048, seq_len=9000),
    parts(8, 4, 2048), parts(128, 4, 2048), parts(128, 4, 2048, ntk_factor=0.5, extrapolation_factor=0.25), parts(128, 16, 32768, rope_theta=1e6), parts(42, 3, 4096, partial_rotary_factor=0.5), parts(64, 0.5, 10, rope_theta=1e6),
    yarn(8, 4, 2048), yarn(128, 16, 4096), yarn(64, 40, 4096, mscale=0.707, mscale_all_dim=1), yarn(64, 40, 4096, mscale=1, mscale_all_dim=0), yarn(64, 32, 4096, rope_theta=150000, truncate=False), yarn(64, 32, 4096, rope_theta=50000, beta_fast=1, beta_slow=1, truncate=False),
    yarn(64, 32, 4096, rope_theta=50000, beta_fast=1), yarn(128, 0.5, 4096), yarn(128, 16, 64), yarn(128, 16, 4096, rope_theta=1.01), yarn(128, 4, 4096, attention_factor=1.25, mscale=2, mscale_all_dim=1), yarn(8, 4, 2048, ramp='rotations'), yarn(42, 4, 2048, ramp='rotations', partial_rotary_factor=0.5, beta_fast=16, beta_slow=0.5), yarn(64, 4, 2048, ramp='rotations', rope_theta=1),
    case('longrope', 96, original_max_position_embeddings=4096, max_position_embeddings=131072, **lists(48)), case('longrope', 96, original_max_position_embeddings=4096, max_position_embeddings=131072, seq_len=4097, **lists(48)), case('longrope', 96, original_max_position_embeddings=4096, factor=3, max_position_embeddings=131072, seq_len=4096, **lists(48)),
    case('longrope', 42, partial_rotary_factor=0.5, original_max_position_embeddings=4096, attention_factor=1.19, **lists(11)), case('longrope', 8, original_max_position_embeddings=4096, factor=0.5, **lists(4)), case('longrope', 8, original_max_position_embeddings=1, attention_factor=2, **lists(4)),
    llama(8, 8, 1, 4, 8192), llama(128, 8, 1, 4, 8192), llama(128, 16, 1, 1, 8192), llama(42, 3.3, 1.7, 9.1, 5000, partial_rotary_factor=0.5), llama(128, 8, 4, 1, 8192),
    case('proportional', 512, rope_theta=1e6, partial_rotary_factor=0.25), case('proportional', 8, partial_rotary_factor=0.5, factor=8), case('proportional', 64, partial_rotary_factor=0.01),
]

if __name__ == '__main__':
    with open(sys.argv[1], 'w') as out:
        out.write('{"made_with": {"mpmath": ' + json.dumps(__import__('mpmath').__version__) + '}, "cases": [\n' + ',\n'.join(json.dumps(law(c)) for c in CASES) + '\n]}\n')
    print(len(CASES), 'cases')
