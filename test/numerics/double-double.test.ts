import fc from 'fast-check';
import t from 'tap';
import { productError, quickSumError, sumError, upperHalf } from '../../src/numerics/double-double.js';
import { Real } from '../../src/numerics/real.js';

// Within the range that the file states: no overflow of the split, no underflow of a partial product.
const magnitude = fc.double({ min: 2 ** -400, max: 2 ** 400, noNaN: true });
const number = fc.tuple(magnitude, fc.boolean()).map(([x, negative]) => (negative ? -x : x));

t.test('the error of a sum is exact', async () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      const exact = Real.from(a)
        .add(b)
        .sub(a + b);
      const [large, small] = Math.abs(a) >= Math.abs(b) ? [a, b] : [b, a];
      // Beyond 320 bits of distance the Real sum is no longer exact, and the error is the smaller one.
      if (Math.abs(large) > Math.abs(small) * 2 ** 260) return sumError(a, b, a + b) === small;
      return (
        exact.compare(sumError(a, b, a + b)) === 0 && exact.compare(quickSumError(large, small, a + b)) === 0
      );
    }),
    { numRuns: 5000 },
  );
});

t.test('the error of a product is exact', async () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      return (
        Real.from(a)
          .mul(b)
          .sub(a * b)
          .compare(productError(a, b, a * b)) === 0
      );
    }),
    { numRuns: 5000 },
  );
});

t.test('the two halves of a number have at most 26 bits each', async () => {
  const squareIsExact = (x: number) =>
    Real.from(x)
      .mul(x)
      .compare(x * x) === 0;
  fc.assert(
    fc.property(number, (a) => {
      const high = upperHalf(a);
      const low = a - high;
      return high + low === a && squareIsExact(high) && squareIsExact(low);
    }),
    { numRuns: 2000 },
  );
});
