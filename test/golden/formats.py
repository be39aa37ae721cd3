"""Makes the vectors of test/formats and test/tensor.

Run: python test/golden/formats.py   (numpy 2.4.6, torch 2.13.0, safetensors 0.8.0)
Writes test/golden/formats/*.npy, *.safetensors and float-rounding.json.
"""

import json
import pathlib

import numpy as np
import safetensors
import safetensors.numpy
import safetensors.torch
import torch

here = pathlib.Path(__file__).resolve().parent / "formats"
here.mkdir(exist_ok=True)
torch.set_num_threads(1)


def pattern(dtype: str, count: int) -> np.ndarray:
    """Element i: integers (i mod 7) - 3; floats a quarter of that; masks i mod 3 = 0; c64 (x, -x/2)."""
    i = np.arange(count)
    integers = i % 7 - 3
    if dtype == "bool":
        return i % 3 == 0
    if dtype in ("i64", "i32"):
        return integers.astype({"i64": np.int64, "i32": np.int32}[dtype])
    if dtype == "c64":
        return (integers / 4 - 1j * integers / 8).astype(np.complex64)
    return (integers / 4).astype({"f64": np.float64, "f32": np.float32, "f16": np.float16}[dtype])


shapes = {"scalar": (), "one": (5,), "two": (3, 4), "three": (2, 3, 4), "empty": (0, 3)}
for dtype in ("f64", "f32", "f16", "c64", "i64", "i32", "bool"):
    for label, shape in shapes.items():
        if dtype != "f32" and label not in ("two", "scalar"):
            continue
        np.save(here / f"{dtype}-{label}.npy", pattern(dtype, int(np.prod(shape))).reshape(shape))

# Ten shapes that walk the header across the 64-byte boundary: the padding is 1 to 64 spaces, never 0.
headers = {}
for rank in range(1, 33):
    shape = (1,) * (rank - 1) + (0,)
    path = here / "header.npy"
    np.save(path, np.zeros(shape, np.float32))
    headers[str(rank)] = path.read_bytes().hex()
    path.unlink()
(here / "npy-headers.json").write_text(json.dumps({"numpy": np.__version__, "headers": headers}, indent=0) + "\n")

torch_types = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16,
               "c64": torch.complex64, "i64": torch.int64, "i32": torch.int32, "bool": torch.bool}


def tensor(dtype: str, shape: tuple) -> torch.Tensor:
    source = "f32" if dtype == "bf16" else dtype
    return torch.from_numpy(pattern(source, int(np.prod(shape)))).reshape(shape).to(torch_types[dtype])


identity = "/v1/tables/rope.safetensors?head_dim=128&layout=half&revision=1"
safetensors.torch.save_file(
    {"sin": tensor("f32", (2, 3)), "cos": tensor("f32", (2, 3))},
    here / "pair.safetensors", metadata={"posenc": identity})
safetensors.torch.save_file(
    {f"{label}_{dtype}": tensor(dtype, shape)
     for dtype in torch_types for label, shape in (("b", (3, 5)), ("a", ()), ("Z", (1,)))},
    here / "every-dtype.safetensors", metadata={"posenc": identity})
safetensors.torch.save_file(
    {"ключ": tensor("f32", (1,)), 'quo"te\\': tensor("f32", (2,)), "\U0001d6fc": tensor("f32", (1,)),
     "\ufb01": tensor("f32", (1,)), "tab\t\u0001\u007f": tensor("f32", (1,))},
    here / "names.safetensors", metadata={"posenc": 'a "quoted" \\ é\u2028\U0001d6fc'})

# Roundings, as hexadecimal bit patterns: float32 -> f16, bf16 (numpy, torch); float64 -> f16 (numpy rounds once).
random = np.random.default_rng(1)


def hexes(array: np.ndarray, digits: int) -> str:
    return " ".join(f"{int(x):0{digits}x}" for x in array)


any32 = random.integers(0, 2**32, 600, dtype=np.uint32)
near16 = (random.integers(0x33000000, 0x47900000, 600, dtype=np.uint32) & 0xFFFFF000) | random.choice(
    np.array([0, 1, 0xFFF], np.uint32), 600)
ties = np.uint32(0x8000) + (random.integers(0, 0x7F80, 300, dtype=np.uint32) << np.uint32(16))
f32 = np.concatenate([any32, near16, ties]).astype(np.uint32)
f32 = f32[~np.isnan(f32.view(np.float32))]
values = f32.view(np.float32)
exponents = random.integers(1023 - 27, 1023 + 18, 900, dtype=np.uint64) << np.uint64(52)
tails = random.choice(np.array([0, 1, 2**41, 2**41 - 1, 2**41 + 1, 2**42 - 1], np.uint64), 900)
f64 = exponents | (random.integers(0, 1 << 10, 900, dtype=np.uint64) << np.uint64(42)) | tails
f64 |= random.integers(0, 2, 900, dtype=np.uint64) << np.uint64(63)
with np.errstate(over="ignore"):
    rounding = {
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "f32": hexes(f32, 8),
        "f32_to_f16": hexes(values.astype(np.float16).view(np.uint16), 4),
        "f32_to_bf16": hexes(torch.from_numpy(values.copy()).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16), 4),
        "f64": hexes(f64, 16),
        "f64_to_f16": hexes(f64.view(np.float64).astype(np.float16).view(np.uint16), 4),
    }
(here / "float-rounding.json").write_text(json.dumps(rounding, indent=0) + "\n")
print(safetensors.__version__, sorted(p.name for p in here.iterdir()))
