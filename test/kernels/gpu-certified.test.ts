import t from 'tap';
import { certified } from '../../src/kernels/gpu/certified.js';
import type { Float32Row } from '../../src/kernels/phase/filler.js';
import { bfloat16FromFloat32 } from '../../src/tensor/bfloat16.js';
import { float16FromFloat64 } from '../../src/tensor/float16.js';

const error = 2 ** -23;

/** A row of one pair. */
function constant(cosine: number, sine: number): Float32Row {
  return {
    row(_position, cos, sin) {
      cos[0] = cosine;
      sin[0] = sine;
    },
  };
}

/** Which row `certified` takes for a value; the sure one is marked. */
function isSure(value: number, dtype: 'f16' | 'bf16'): boolean {
  const row = certified(constant(value, 0.75), constant(99, 99), 1, dtype, error);
  const [cos, sin] = [new Float32Array(1), new Float32Array(1)];
  row.row(0, cos, sin);
  t.ok(cos[0] === 99 ? sin[0] === 99 : cos[0] === Math.fround(value) && sin[0] === 0.75, 'a whole row');
  return cos[0] === 99;
}

t.test('a value is taken only where everything within the error rounds alike', async (t) => {
  let [fast, sure] = [0, 0];
  for (const [dtype, round] of [
    ['f16', float16FromFloat64],
    ['bf16', bfloat16FromFloat32],
  ] as const) {
    const dropped = dtype === 'f16' ? 13 : 16;
    const near: number[] = [];
    for (const exponent of [-1, -2, -7, -12, -13, -14, -15, -20]) {
      // Around midpoints, the seams between exponents and numbers of the dtype, some steps of error to both sides.
      for (const multiple of [0, 0.5, 1, 1.5, 2 ** (23 - dropped) - 0.5]) {
        const point = 2 ** exponent * (1 + multiple * 2 ** (dropped - 23));
        for (const steps of [-3, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 3])
          near.push(Math.fround(point + steps * error));
      }
    }
    for (const value of near.flatMap((x) => [x, -x])) {
      const alike = round(Math.fround(value - error)) === round(Math.fround(value + error));
      if (isSure(value, dtype)) sure++;
      else {
        fast++;
        t.ok(alike, `${value} as ${dtype}`);
      }
    }
  }
  t.ok(fast > 200 && sure > 200, `${fast} and ${sure}`);
  for (const dtype of ['f16', 'bf16'] as const) {
    for (const value of [0, -0, 2 ** -30]) t.ok(isSure(value, dtype), 'the sign is in doubt');
    t.notOk(isSure(1, dtype));
  }
});
