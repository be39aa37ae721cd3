"""Makes powf.json: float32 powers as torch computes them on an x86-64 CPU with AVX2 and glibc.

    python powf.py > powf.json

Needs torch and numpy. Each table's `bits` is its float32 bit patterns, eight hexadecimal digits an element.
"""

import json
import os
import sys

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"  # AVX-512 kernels round otherwise in about one element of a thousand

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
assert torch.backends.cpu.get_cpu_capability() == "AVX2"


def bits(tensor):
    return "".join(f"{b:08x}" for b in tensor.contiguous().numpy().view(np.uint32))


def exponents(dim):
    return torch.arange(0, dim, 2, dtype=torch.int64).float() / dim


def power(base, dim):
    return base ** exponents(dim)


def frequencies(base, dim):
    q = power(base, dim)
    return {"base": base, "dim": dim, "power_bits": bits(q), "inv_freq_bits": bits(1.0 / q)}


def misrounded_tail(base, dim):
    """Whether an element beyond the last group of 16 is not the correctly rounded power."""
    q = power(base, dim).numpy()
    exact = np.power(np.float64(np.float32(base)), exponents(dim).numpy().astype(np.float64)).astype(np.float32)
    return bool((q != exact)[len(q) - len(q) % 16 :].any())


rng = np.random.default_rng(20)
pairs = []
# Every length from 1 to 48, odd widths among them: all tails, behind none to three whole groups.
bases = [1.0000001192092896, 1.5, 2.0, 2.718281828459045, 9.75, 10.0, 100.0, 10000.0, 500000.0, 1e9, 1e11]
for n in range(1, 49):
    pairs.append((bases[n % len(bases)], 2 * n))
    pairs.append((float(np.exp(rng.uniform(np.log(1.5), np.log(1e9)))), 2 * n - 1))
# Bases as the scaled types make them: not integers, not float32.
for factor in (1.5, 2.0, 3.7, 8.0, 31.25):
    for dim in (48, 64, 80, 96, 128, 168, 256):
        pairs.append((10000.0 * factor ** (dim / (dim - 2)), dim))
# Tails that the C library does not round correctly, and one that needs its fused operations.
pairs += [(1000.0, 56), (50000.0, 24), (1000042.0, 30), (140173.0, 336)]
found = 0
while found < 40:
    base, dim = float(rng.integers(2, 10_000_000)), int(rng.integers(2, 129))
    if misrounded_tail(base, dim):
        pairs.append((base, dim))
        found += 1

# torch.pow(0-d float32 tensor, int32 tensor), as in BLOOM's slopes. `first` and `step` make the exponents.
slopes = []
for heads in (1, 2, 4, 8, 16, 32, 64, 128):
    for scale in (3, 4):
        base = torch.tensor(2 ** (-(2 ** -(np.log2(heads) - scale))), dtype=torch.float32)
        for first, step in ((1, 1), (1, 2)):
            e = torch.arange(first, first + heads * step, step, dtype=torch.int32)
            slopes.append((base, first, step, e))
for count in (5, 13, 24, 40, 71, 112, 127):
    base = torch.tensor(rng.uniform(0.5, 1), dtype=torch.float32)
    slopes.append((base, 1, 1, torch.arange(1, 1 + count, dtype=torch.int32)))

json.dump(
    {
        "made_with": f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}; test/golden/powf.py",
        "frequencies": [frequencies(*pair) for pair in pairs],
        "integer_powers": [
            {"base": float(b), "first": f, "step": s, "count": len(e), "power_bits": bits(torch.pow(b, e))}
            for b, f, s, e in slopes
        ],
    },
    sys.stdout,
    indent=0,
)
print()
