"""Computes the same rope table with torch, once for every line on standard input, and answers with the milliseconds
of the clock.

    line: WAY THREADS     WAY  f32     outer, cos, sin of 131072 x 64, fresh tensors as a framework makes them
                               kept    the same operations into tensors that are kept (no page faults)
                               bf16    as f32, then cast
                               usual   as transformers 5.18 has it: 131072 x 128, the halves doubled
"""

import sys
import time

import torch

HEAD_DIM, LENGTH, BASE = 128, 131072, 10000.0

torch.set_grad_enabled(False)


def frequencies():
    exponents = torch.arange(0, HEAD_DIM, 2, dtype=torch.int64).float() / HEAD_DIM
    return 1.0 / (BASE**exponents)


def f32():
    angles = torch.outer(torch.arange(LENGTH).float(), frequencies())
    return angles.cos(), angles.sin()


tensors = [torch.empty(LENGTH, HEAD_DIM // 2) for _ in range(3)]


def kept():
    angles, cos, sin = tensors
    torch.outer(torch.arange(LENGTH).float(), frequencies(), out=angles)
    torch.cos(angles, out=cos)
    torch.sin(angles, out=sin)
    return cos, sin


def bf16():
    return tuple(values.to(torch.bfloat16) for values in f32())


def usual():
    positions = torch.arange(LENGTH)[None, :]
    inv_freq = frequencies()[None, :, None].float().expand(1, -1, 1)
    freqs = (inv_freq.float() @ positions[:, None, :].float()).transpose(1, 2)
    emb = torch.cat((freqs, freqs), dim=-1)
    return emb.cos() * 1.0, emb.sin() * 1.0


ways = {"f32": f32, "kept": kept, "bf16": bf16, "usual": usual}
print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}", flush=True)
for line in sys.stdin:
    way, threads = line.split()
    torch.set_num_threads(int(threads))
    started = time.perf_counter()
    cos, sin = ways[way]()
    milliseconds = (time.perf_counter() - started) * 1000
    assert cos.numel() == sin.numel() >= LENGTH * HEAD_DIM // 2
    del cos, sin
    print(milliseconds, flush=True)
