"""Computes a rope table as transformers does, once for every line on standard input, and prints the
milliseconds of processor time.

    line:  usual | reused     usual: as transformers 5.18 has it, fresh tensors every time
                              reused: the same operations into tensors that are kept (no page faults)

One thread. The instruction set is fixed to AVX2, the platform of posenc's `transformers` profile.
"""

import os
import sys
import time

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch

HEAD_DIM, LENGTH, BASE = 128, 131072, 10000.0

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def frequencies():
    exponents = torch.arange(0, HEAD_DIM, 2, dtype=torch.int64).float() / HEAD_DIM
    return 1.0 / (BASE**exponents)


def usual():
    positions = torch.arange(LENGTH)[None, :]
    inv_freq = frequencies()[None, :, None].float().expand(1, -1, 1)
    freqs = (inv_freq.float() @ positions[:, None, :].float()).transpose(1, 2)
    emb = torch.cat((freqs, freqs), dim=-1)
    return emb.cos() * 1.0, emb.sin() * 1.0


kept = [torch.empty(LENGTH, HEAD_DIM) for _ in range(3)]


def reused():
    emb, cos, sin = kept
    half = torch.outer(torch.arange(LENGTH).float(), frequencies())
    torch.cat((half, half), dim=-1, out=emb)
    torch.cos(emb, out=cos)
    torch.sin(emb, out=sin)
    return cos, sin


ways = {"usual": usual, "reused": reused}
print(f"torch {torch.__version__}", flush=True)
for line in sys.stdin:
    started = time.process_time()
    cos, sin = ways[line.strip()]()
    milliseconds = (time.process_time() - started) * 1000
    assert cos.numel() == sin.numel() == LENGTH * HEAD_DIM
    print(milliseconds, flush=True)
