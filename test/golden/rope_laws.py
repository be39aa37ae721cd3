"""Frequencies of transformers' RoPE scaling laws: python rope_laws.py OUT.json [--random N] [--seed S]

Needs torch 2.13 (CPU build) and transformers 5.18. torch's AVX2 kernels are asked for: with AVX-512 its vector
power takes 32 elements at a time instead of 16, and 0.3 % of the frequencies differ in the last bits.
Without --random it writes the committed cases, with it N cases of random parameters a law. Frequencies are
float32 bit patterns, eight hexadecimal digits each.
"""
import argparse, json, math, os, random, struct, warnings

os.environ['ATEN_CPU_CAPABILITY'] = 'avx2'
warnings.filterwarnings('ignore')
import torch, transformers
from transformers import LlamaConfig, GPTNeoXConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXRotaryEmbedding
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

transformers.logging.set_verbosity_error()


def rotary(case):
    """inv_freq and attention factor of a case, from the classes that models use."""
    params = dict(case)
    head_dim = params.pop('head_dim')
    longest = params.pop('max_position_embeddings', None) or 2048
    seq_len = params.pop('seq_len', None)
    kind = params['rope_type']
    if kind == 'default':
        params.setdefault('partial_rotary_factor', 1.0)
        config = GPTNeoXConfig(hidden_size=head_dim, num_attention_heads=1, max_position_embeddings=longest, rope_parameters=params)
        return GPTNeoXRotaryEmbedding.compute_default_rope_parameters(config)
    config = LlamaConfig(hidden_size=head_dim * 2, num_attention_heads=2, head_dim=head_dim, max_position_embeddings=longest, rope_parameters=params)
    if kind == 'longrope':
        return ROPE_INIT_FUNCTIONS[kind](config, 'cpu', seq_len=seq_len)
    module = LlamaRotaryEmbedding(config)
    if seq_len is not None:
        module(torch.zeros(1, 1, 1), torch.tensor([[seq_len - 1]]))
    return module.inv_freq, module.attention_scaling


def bits(tensor):
    return struct.pack(f'>{tensor.numel()}f', *tensor.tolist()).hex()


def pack(case):
    inv_freq, attention_factor = rotary(case)
    return {'params': case, 'inv_freq': bits(inv_freq), 'attention_factor': float(attention_factor)}


def factors(count, slope, rng):
    return [round(1 + slope * i + rng.random(), 4) for i in range(count)]


def committed():
    rng = random.Random(7)
    def default(head_dim, theta, **more):
        return dict(rope_type='default', head_dim=head_dim, rope_theta=theta, **more)
    for case in [
        default(128, 1e4), default(64, 1.5e5), default(96, 1e6), default(256, 5e6), default(72, 100.0), default(128, 1.0), default(128, 2.0),
        default(42, 1e4, partial_rotary_factor=0.5), default(292, 1e4, partial_rotary_factor=0.25), default(192, 5e6, partial_rotary_factor=0.334),
        default(128, 1e4, partial_rotary_factor=0.7), default(80, 1e4, partial_rotary_factor=0.4),
    ]:
        yield case
    for head_dim, theta, factor, prf in [(128, 1e4, 4.0, 1), (128, 1e4, 3.0, 1), (256, 1e6, 8.0, 1), (96, 5e5, 0.7, 1), (42, 1e4, 2.5, 0.5), (128, 1e4, 1.3, 0.7), (64, 1.0, 7.0, 1)]:
        yield dict(rope_type='linear', head_dim=head_dim, rope_theta=theta, factor=factor, partial_rotary_factor=prf)
    for head_dim, theta, factor, longest, seq_len, prf in [
        (128, 1e4, 8.0, 4096, 4097, 1), (128, 1e4, 4.0, 4096, 6000, 1), (128, 1e4, 2.0, 2048, 6151, 1), (128, 1e4, 2.0, 2048, 100, 1), (128, 1e4, 2.3, 4096, None, 1),
        (128, 1e4, 2.0, 4096, 4096, 1), (64, 5e5, 0.5, 2048, 9000, 1), (42, 1e4, 2.0, 2048, 5000, 0.5), (4, 1e4, 3.3, 2048, 5000, 1), (6, 1e4, 3.3, 2048, 7001, 0.5), (80, 1e6, 1.7, 3000, 131072, 0.4), (96, 1e4, 4.0, 2048, 1 << 20, 1),
    ]:
        case = dict(rope_type='dynamic', head_dim=head_dim, rope_theta=theta, factor=factor, max_position_embeddings=longest, partial_rotary_factor=prf)
        yield case if seq_len is None else dict(case, seq_len=seq_len)
    def yarn(head_dim, theta, factor, trained, **more):
        return dict(rope_type='yarn', head_dim=head_dim, rope_theta=theta, factor=factor, original_max_position_embeddings=trained, **more)
    for case in [
        yarn(64, 1e4, 40.0, 4096, mscale=1.0, mscale_all_dim=1.0, beta_fast=32.0, beta_slow=1.0), yarn(128, 1e6, 4.0, 32768), yarn(64, 1.5e5, 32.0, 4096, truncate=False),
        yarn(128, 5e5, 8.0, 8192, attention_factor=1.2079441541679836), yarn(64, 5e4, 32.0, 4096, beta_fast=1.0, beta_slow=1.0), yarn(64, 5e4, 32.0, 4096, beta_fast=1.0, beta_slow=1.0, truncate=False),
        yarn(64, 1e4, 40.0, 4096, mscale=0.707, mscale_all_dim=0.707), yarn(64, 1e4, 40.0, 4096, mscale=1.0, mscale_all_dim=0.5), yarn(64, 1e4, 40.0, 4096, mscale=0.707), yarn(64, 1e4, 40.0, 4096, mscale=1.0, mscale_all_dim=0.0),
        yarn(128, 1e4, 0.5, 4096), yarn(128, 1e4, 0.5, 4096, mscale=2.0, mscale_all_dim=0.5), yarn(128, 1e4, 1.0, 4096), yarn(96, 1e6, 3.7, 16384, partial_rotary_factor=0.5), yarn(64, 1.6e5, 16.0, 65536),
        yarn(128, 1e4, 16.0, 64), yarn(128, 1.01, 16.0, 4096), yarn(64, 0.5, 2.0, 4096), yarn(8, 1e4, 4.0, 2048), yarn(128, 1e4, 4.0, 4096, beta_fast=1.0, beta_slow=32.0), yarn(256, 5e6, 3.0, 256000, truncate=False, beta_fast=17.5),
    ]:
        yield case
    for head_dim, prf, slope, longest, seq_len, more in [
        (96, 1, 0.01, 131072, None, {}), (96, 1, 1.3, 131072, 4096, {}), (96, 1, 1.3, 131072, 4097, {}), (128, 0.75, 0.9, 131072, 131072, {}), (64, 1, 1.1, 131072, 5000, {'factor': 32.0}),
        (64, 1, 1.1, None, 5000, {'factor': 16.0}), (64, 1, 1.1, 4096, 5000, {}), (64, 1, 1.1, 131072, 5000, {'attention_factor': 1.19}), (42, 0.5, 0.7, 32768, 8000, {}), (64, 1, 0.3, 2048, 100, {'factor': 0.5}),
    ]:
        count = math.ceil(int(head_dim * prf) / 2)
        case = dict(rope_type='longrope', head_dim=head_dim, rope_theta=1e4, partial_rotary_factor=prf, original_max_position_embeddings=4096, short_factor=factors(count, 0.01, rng), long_factor=factors(count, slope, rng), **more)
        if longest is not None:
            case['max_position_embeddings'] = longest
        yield case if seq_len is None else dict(case, seq_len=seq_len)
    for head_dim, theta, factor, lo, hi, trained, prf in [
        (128, 5e5, 8.0, 1.0, 4.0, 8192, 1), (64, 5e5, 32.0, 1.0, 4.0, 8192, 1), (128, 5e5, 16.0, 1.0, 1.0, 8192, 1), (128, 1e4, 3.3, 1.7, 9.1, 5000, 1), (42, 5e5, 8.0, 1.0, 4.0, 8192, 0.5), (96, 1e6, 0.6, 1.0, 4.0, 2048, 1), (128, 5e5, 8.0, 4.0, 1.0, 8192, 1), (256, 1e4, 8.0, 0.5, 64.0, 1000, 0.4),
    ]:
        yield dict(rope_type='llama3', head_dim=head_dim, rope_theta=theta, factor=factor, low_freq_factor=lo, high_freq_factor=hi, original_max_position_embeddings=trained, partial_rotary_factor=prf)
    for head_dim, theta, prf, factor in [(512, 1e6, 0.25, None), (256, 1e6, 0.25, 8.0), (128, 1e4, 1.0, None), (128, 1e4, 0.334, 3.0), (64, 1e4, 0.01, None), (80, 5e5, 0.7, 1.7)]:
        case = dict(rope_type='proportional', head_dim=head_dim, rope_theta=theta, partial_rotary_factor=prf)
        yield case if factor is None else dict(case, factor=factor)


def drawn(count, rng):
    def basics(kind, odd=True):
        while True:
            head_dim = rng.choice([32, 64, 80, 96, 128, 192, 256])
            prf = rng.choice([1.0, 1.0, 1.0, 0.25, 0.4, 0.5, 0.75, 0.334, 0.7])
            width = head_dim if kind == 'proportional' else int(head_dim * prf)
            if width > 2 and (odd or width % 2 == 0):
                break
        theta = rng.choice([1e4, 1e4, 5e5, 1e6, 5e6, 1.5e5, 10 ** rng.uniform(2, 8)])
        return dict(rope_type=kind, head_dim=head_dim, rope_theta=theta, partial_rotary_factor=prf), math.ceil(width / 2)
    def scale():
        return rng.choice([2.0, 4.0, 8.0, 32.0, 40.0, 3.0, rng.uniform(0.3, 1), rng.uniform(1, 64)])
    def trained():
        return rng.choice([2048, 4096, 8192, 32768, 131072, rng.randint(100, 300000)])
    for _ in range(count):
        yield basics('default')[0]
        yield dict(basics('linear')[0], factor=scale())
        longest = trained()
        case = dict(basics('dynamic')[0], factor=scale(), max_position_embeddings=longest)
        yield dict(case, seq_len=rng.choice([longest + 1, 2 * longest, 3 * longest + 7, rng.randint(1, 8 * longest)]))
        if rng.random() < 0.2:
            yield case
        case = dict(basics('yarn', odd=False)[0], factor=scale(), original_max_position_embeddings=trained())
        if rng.random() < 0.4:
            case.update(beta_fast=rng.choice([32.0, 16.0, 1.0, rng.uniform(1, 64)]), beta_slow=rng.choice([1.0, rng.uniform(0.1, 4)]))
        if rng.random() < 0.4:
            case['truncate'] = rng.random() < 0.5
        if rng.random() < 0.5:
            case['mscale'] = rng.choice([1.0, 0.707, rng.uniform(0, 2)])
        if rng.random() < 0.5:
            case['mscale_all_dim'] = rng.choice([1.0, 0.707, rng.uniform(0, 2)])
        if rng.random() < 0.1:
            case['attention_factor'] = rng.uniform(0.5, 2)
        yield case
        case, n = basics('longrope')
        orig = trained()
        case.update(short_factor=factors(n, 0.02, rng), long_factor=factors(n, rng.uniform(0, 2), rng), original_max_position_embeddings=orig, max_position_embeddings=rng.choice([orig, orig * 32, rng.randint(1, 40 * orig)]))
        if rng.random() < 0.3:
            case['factor'] = scale()
        if rng.random() < 0.8:
            case['seq_len'] = rng.choice([orig, orig + 1, rng.randint(1, 3 * orig)])
        yield case
        lo = rng.choice([1.0, rng.uniform(0.3, 4)])
        yield dict(basics('llama3')[0], factor=scale(), low_freq_factor=lo, high_freq_factor=rng.choice([4.0, lo, lo + rng.uniform(0, 8)]), original_max_position_embeddings=trained())
        yield dict(basics('proportional')[0], **({'factor': scale()} if rng.random() < 0.5 else {}))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    parser.add_argument('--random', type=int)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    cases = drawn(args.random, random.Random(args.seed)) if args.random else committed()
    made = {'made_with': {'torch': torch.__version__, 'transformers': transformers.__version__, 'cpu_capability': torch.backends.cpu.get_cpu_capability()}, 'cases': [pack(case) for case in cases]}
    with open(args.out, 'w') as out:
        out.write('{"made_with": ' + json.dumps(made['made_with']) + ', "cases": [\n' + ',\n'.join(json.dumps(c) for c in made['cases']) + '\n]}\n')
    print(len(made['cases']), 'cases')
