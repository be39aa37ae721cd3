import { Angle, rotate } from '../../numerics/angle.js';
import type { Real } from '../../numerics/real.js';

/** Rows a block at most; more would push the low table out of the second-level cache. */
const maxBlockRows = 256;
/** Pairs · rows of the low table: 2^15 pairs are 512 KiB of cos and sin. */
const maxLowPairs = 2 ** 15;
/** Blocks a superblock at most, for each of which a rotation is kept in double-double. */
const maxBlocksPerSuper = 32;
const maxMiddlePairs = 2 ** 15;

function powerOfTwoUpTo(limit: number): number {
  let power = 1;
  while (power * 2 <= limit) power *= 2;
  return power;
}

/**
 * The rows of a block for a number of pairs: a power of two, fixed by the pairs alone, so that a slice is cut
 * into the same blocks as the whole and has its bytes.
 */
export function blockRows(pairs: number): number {
  return Math.min(maxBlockRows, powerOfTwoUpTo(Math.max(1, maxLowPairs / Math.max(1, pairs))));
}

/**
 * Rotations of all pairs at integer positions p = block · B + low, in double-double, four numbers a pair
 * (cos high, cos low, sin high, sin low).
 *
 * A rotation is the product of at most three: one of `Angle.sincos` a superblock, one of the block within it and
 * the low one. The two tables are made by doubling, in which relative errors of the phase add up as the position
 * does: after 2^13 rows from an error of 2^−95 they stay below 2^−81, far under float64's 2^−53.
 */
export class Rotations {
  readonly pairs: number;
  readonly blockRows: number;
  /** cos and sin of low · ω rounded to float64, [B][pairs]. */
  readonly cosLow: Float64Array;
  readonly sinLow: Float64Array;
  /** The same in double-double, [B][pairs][4]. */
  readonly low: Float64Array;

  private readonly angles: readonly Angle[];
  private readonly blocksPerSuper: number;
  private readonly middle: Float64Array;
  private middleRows = 1;
  private readonly superSeed: Float64Array;
  private superIndex = -1;

  constructor(frequencies: readonly Real[]) {
    this.pairs = frequencies.length;
    this.angles = frequencies.map((frequency) => new Angle(frequency));
    this.blockRows = blockRows(this.pairs);
    this.blocksPerSuper = Math.min(
      maxBlocksPerSuper,
      powerOfTwoUpTo(Math.max(1, maxMiddlePairs / Math.max(1, this.pairs))),
    );
    const width = 4 * this.pairs;
    this.low = new Float64Array(width * this.blockRows);
    this.cosLow = new Float64Array(this.pairs * this.blockRows);
    this.sinLow = new Float64Array(this.pairs * this.blockRows);
    this.middle = new Float64Array(width * this.blocksPerSuper);
    this.superSeed = new Float64Array(width);
    this.fillLow(width);
  }

  /** The exact angle of pair j, for single elements. */
  angle(j: number): Angle {
    return this.angles[j]!;
  }

  /** Writes the rotation by block · B rows of every pair to `out` ([pairs][4]). */
  seed(block: number, out: Float64Array): void {
    const index = Math.floor(block / this.blocksPerSuper);
    if (index !== this.superIndex) {
      const position = index * this.blocksPerSuper * this.blockRows;
      for (let j = 0; j < this.pairs; j++) this.angle(j).sincos(position, this.superSeed, 4 * j);
      this.superIndex = index;
    }
    const width = 4 * this.pairs;
    const within = block - index * this.blocksPerSuper;
    if (within === 0) {
      out.set(this.superSeed);
      return;
    }
    while (this.middleRows <= within) this.addMiddleRow(width);
    for (let k = 0; k < width; k += 4) rotate(this.superSeed, k, this.middle, within * width + k, out, k);
  }

  private fillLow(width: number): void {
    const { low, pairs } = this;
    for (let j = 0; j < pairs; j++) {
      low[4 * j] = 1;
      if (this.blockRows > 1) this.angle(j).sincos(1, low, width + 4 * j);
    }
    for (let row = 2; row < this.blockRows; row++) {
      const a = row % 2 === 0 ? row / 2 : row - 1;
      const b = row % 2 === 0 ? row / 2 : 1;
      for (let k = 0; k < width; k += 4) rotate(low, a * width + k, low, b * width + k, low, row * width + k);
    }
    for (let i = 0; i < pairs * this.blockRows; i++) {
      this.cosLow[i] = low[4 * i]!;
      this.sinLow[i] = low[4 * i + 2]!;
    }
  }

  private addMiddleRow(width: number): void {
    const row = this.middleRows++;
    const { middle } = this;
    if (row === 1) {
      for (let j = 0; j < this.pairs; j++) this.angle(j).sincos(this.blockRows, middle, width + 4 * j);
      return;
    }
    const a = row % 2 === 0 ? row / 2 : row - 1;
    const b = row % 2 === 0 ? row / 2 : 1;
    for (let k = 0; k < width; k += 4)
      rotate(middle, a * width + k, middle, b * width + k, middle, row * width + k);
  }
}
