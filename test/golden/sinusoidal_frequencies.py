"""Frequencies of transformers' sinusoids with exponent k/(d/2 - 1): python sinusoidal_frequencies.py OUT.json

Needs torch 2.13 (CPU build with MKL, whose float32 exp this records; AVX2). They are those of Whisper, M2M-100 and
MusicGen: torch.exp(arange(half).float() * -(log(base) / (half - 1))). Eight hexadecimal digits each, base 10000.
"""
import json, math, os, struct, sys

os.environ['ATEN_CPU_CAPABILITY'] = 'avx2'
import torch

DIMS = [4, 6, 32, 33, 64, 65, 96, 128, 256, 384, 512, 768, 1024, 1280, 1536, 2048]


def frequencies(dim):
    half = dim // 2
    return torch.exp(torch.arange(half, dtype=torch.int64).float() * -(math.log(10000) / (half - 1)))


def bits(tensor):
    return struct.pack(f'>{tensor.numel()}f', *tensor.tolist()).hex()


if __name__ == '__main__':
    lines = ',\n'.join(f' {json.dumps({"dim": dim, "bits": bits(frequencies(dim))})}' for dim in DIMS)
    with open(sys.argv[1], 'w') as out:
        out.write(f'{{"made_with": {{"torch": "{torch.__version__}"}}, "tables": [\n{lines}\n]}}\n')
