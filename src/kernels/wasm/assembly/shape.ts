import { Lanes } from './dtype';

/**
 * Where cos and sin of the pairs go, as tags: two runs of neighbours, at x and at y (which may be one place), or
 * turn by turn from x on. They are numbered in this order.
 */
export class CosCos {}
export class SinSin {}
export class CosSin {}
export class CosCosInTurns {}
export class SinSinInTurns {}
export class CosSinInTurns {}
export class SinCosInTurns {}

export class Shape {
  @inline
  static usesCos<S>(): bool {
    return Shape.firstIsCos<S>() || Shape.secondIsCos<S>();
  }

  @inline
  static usesSin<S>(): bool {
    return !Shape.firstIsCos<S>() || !Shape.secondIsCos<S>();
  }

  /** Writes cos and sin, packed, of pairs j … j + count − 1, of 1 to 4 pairs. */
  @inline
  static put<D, S>(cos: v128, sin: v128, x: usize, y: usize, j: usize, count: usize): void {
    const first = Shape.firstIsCos<S>() ? cos : sin;
    const second = Shape.secondIsCos<S>() ? cos : sin;
    const size = Lanes.size<D>();
    if (!Shape.inTurns<S>()) {
      Lanes.store<D>(first, x + j * size, count);
      Lanes.store<D>(second, y + j * size, count);
      return;
    }
    const at = x + 2 * j * size;
    if (size === 2) {
      const turns = v128.shuffle<i16>(first, second, 0, 8, 1, 9, 2, 10, 3, 11);
      if (count === 4) v128.store(at, turns);
      else {
        Lanes.store<D>(turns, at, min<usize>(2 * count, 4));
        if (count === 3) v128.store32_lane(at, turns, 2, 8);
      }
      return;
    }
    Lanes.store<D>(v128.shuffle<i32>(first, second, 0, 4, 1, 5), at, min<usize>(2 * count, 4));
    if (count > 2) Lanes.store<D>(v128.shuffle<i32>(first, second, 2, 6, 3, 7), at + 4 * size, 2 * count - 4);
  }

  /** Writes cos and sin in float64 of pairs j … j + count − 1, of 1 or 2 pairs. */
  @inline
  static putWide<S>(cos: v128, sin: v128, x: usize, y: usize, j: usize, count: usize): void {
    const first = Shape.firstIsCos<S>() ? cos : sin;
    const second = Shape.secondIsCos<S>() ? cos : sin;
    if (Shape.inTurns<S>()) {
      const at = x + (j << 4);
      v128.store(at, v128.shuffle<i64>(first, second, 0, 2));
      if (count === 2) v128.store(at, v128.shuffle<i64>(first, second, 1, 3), 16);
    } else if (count === 2) {
      v128.store(x + (j << 3), first);
      v128.store(y + (j << 3), second);
    } else {
      v128.store64_lane(x + (j << 3), first, 0);
      v128.store64_lane(y + (j << 3), second, 0);
    }
  }

  @inline
  private static inTurns<S>(): bool {
    return (
      idof<S>() === idof<CosCosInTurns>() ||
      idof<S>() === idof<SinSinInTurns>() ||
      idof<S>() === idof<CosSinInTurns>() ||
      idof<S>() === idof<SinCosInTurns>()
    );
  }

  @inline
  private static firstIsCos<S>(): bool {
    return (
      idof<S>() === idof<CosCos>() ||
      idof<S>() === idof<CosSin>() ||
      idof<S>() === idof<CosCosInTurns>() ||
      idof<S>() === idof<CosSinInTurns>()
    );
  }

  @inline
  private static secondIsCos<S>(): bool {
    return (
      idof<S>() === idof<CosCos>() ||
      idof<S>() === idof<CosCosInTurns>() ||
      idof<S>() === idof<SinCosInTurns>()
    );
  }
}
