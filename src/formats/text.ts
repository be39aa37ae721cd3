import { type DType, dtypes } from '../tensor/dtype.js';
import { elementCount, type TensorSpec } from '../tensor/spec.js';
import { cutEvery } from './chunks.js';
import { writeInteger, writeText } from './decimal.js';
import type { ReadElements } from './define.js';
import { specialName } from './json-text.js';
import { maxNumberBytes, printBfloat16, printFloat16, printFloat64, writeFloat32 } from './shortest.js';

/** A text goes out in pieces of about this size: large enough for one write, small enough to stay in a cache. */
const pieceBytes = 65_536;
/** Elements are read in blocks of at most this size. */
const blockBytes = 65_536;

/** Text that grows at its end: any string, or numbers written as ASCII bytes. */
export class TextPiece {
  readonly bytes: Buffer;
  /** Where the next byte goes. As long as the piece is not full, there is room for a separator and a number. */
  at = 0;
  #text = '';
  readonly #limit: number;

  /** For a text of about `numbers` numbers whose separators have at most `separatorBytes`. */
  constructor(numbers: number, separatorBytes: number) {
    const each = maxNumberBytes + separatorBytes;
    this.#limit = Math.min(pieceBytes, numbers * each);
    this.bytes = Buffer.allocUnsafe(this.#limit + each);
  }

  get full(): boolean {
    return this.at >= this.#limit || this.#text.length + this.at >= pieceBytes;
  }

  add(text: string): void {
    this.#text += this.bytes.toString('latin1', 0, this.at) + text;
    this.at = 0;
  }

  /** The text so far; the next one begins empty. */
  take(): string {
    this.add('');
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

/** How a text format writes what is not a number. */
export interface Spelling {
  /** Stands before and after Infinity, -Infinity, NaN. */
  readonly quote: '"' | '';
  readonly true: string;
  readonly false: string;
}

/** Writes number `index` of a block to `out` at `at` and returns where it ends. A c64 element is two numbers. */
type PrintNumber = (index: number, out: Uint8Array, at: number) => number;

/** The printer of a dtype, for a block that is refilled in place. */
function numberPrinter(dtype: DType, block: ArrayBuffer, spelling: Spelling): PrintNumber {
  const { quote } = spelling;
  const writeSpecial = (value: number, out: Uint8Array, at: number): number =>
    writeText(`${quote}${specialName(value)}${quote}`, out, at);
  switch (dtype) {
    case 'f64': {
      const values = new Float64Array(block);
      return (index, out, at) => {
        const value = values[index]!;
        if (!Number.isFinite(value)) return writeSpecial(value, out, at);
        if ((value | 0) === value && value !== 0 && value !== -0x80000000)
          return writeInteger(value, out, at);
        return writeText(printFloat64(value), out, at);
      };
    }
    case 'f32':
    case 'c64': {
      const values = new Float32Array(block);
      return (index, out, at) => {
        const value = values[index]!;
        return Number.isFinite(value) ? writeFloat32(value, out, at) : writeSpecial(value, out, at);
      };
    }
    case 'f16':
    case 'bf16': {
      const values = new Uint16Array(block);
      const [exponentMask, print] = dtype === 'f16' ? [0x7c00, printFloat16] : [0x7f80, printBfloat16];
      const infinity = exponentMask;
      return (index, out, at) => {
        const bits = values[index]!;
        if ((bits & exponentMask) !== exponentMask) return writeText(print(bits), out, at);
        if ((bits & 0x7fff) !== infinity) return writeSpecial(Number.NaN, out, at);
        return writeSpecial(bits === infinity ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, out, at);
      };
    }
    case 'i32': {
      const values = new Int32Array(block);
      return (index, out, at) => {
        const value = values[index]!;
        return value === -0x80000000 ? writeText(String(value), out, at) : writeInteger(value, out, at);
      };
    }
    case 'i64': {
      const small = new Int32Array(block);
      const values = new BigInt64Array(block);
      return (index, out, at) => {
        const low = small[2 * index]!;
        // Where the upper word only repeats the sign, the lower one is the value.
        if (small[2 * index + 1] === low >> 31 && low !== -0x80000000) return writeInteger(low, out, at);
        return writeText(String(values[index]), out, at);
      };
    }
    case 'bool': {
      const values = new Uint8Array(block);
      return (index, out, at) => writeText(values[index] === 0 ? spelling.false : spelling.true, out, at);
    }
  }
}

/** The numbers that a tensor's text holds: a c64 element is a pair along one more axis. */
export function textShape(spec: TensorSpec): readonly number[] {
  return spec.dtype === 'c64' ? [...spec.shape, 2] : spec.shape;
}

/** How many axes end (1 to rank − 1) where row number `row` of the last axis begins. */
function axesEnding(shape: readonly number[], row: number): number {
  let ending = 1;
  let rest = row;
  for (let axis = shape.length - 2; axis > 0 && rest % shape[axis]! === 0; axis--) {
    rest /= shape[axis]!;
    ending += 1;
  }
  return ending;
}

/**
 * Appends all numbers of a tensor to `piece`, row-major, and yields the text whenever the piece is full.
 * `separators[n]` stands between two numbers where the n last axes of {@link textShape} end. The tensor has at
 * least one element.
 */
export function* printNumbers(
  piece: TextPiece,
  spec: TensorSpec,
  tensor: number,
  read: ReadElements,
  spelling: Spelling,
  separators: readonly string[],
): Generator<string, void, void> {
  const count = elementCount(spec.shape);
  const { bytes } = dtypes[spec.dtype];
  const blockElements = Math.min(count, cutEvery(spec, blockBytes / bytes));
  const block = new ArrayBuffer(blockElements * bytes);
  const target = new Uint8Array(block);
  const print = numberPrinter(spec.dtype, block, spelling);
  const shape = textShape(spec);
  const width = shape.at(-1) ?? 1;
  const parts = spec.dtype === 'c64' ? 2 : 1;
  const between = separators[0] ?? '';
  let row = 0;
  let column = 0;

  /** Prints numbers from … to − 1 of the block, or as many as the piece takes; returns where it stopped. */
  const printRun = (from: number, to: number): number => {
    let index = from;
    let { at } = piece;
    for (; index < to && !piece.full; index++) {
      if (column === width) {
        column = 0;
        row += 1;
        at = writeText(separators[axesEnding(shape, row)] ?? '', piece.bytes, at);
      } else if (column > 0) at = writeText(between, piece.bytes, at);
      column += 1;
      at = print(index, piece.bytes, at);
      piece.at = at;
    }
    return index;
  };

  for (let first = 0; first < count; first += blockElements) {
    const elements = Math.min(blockElements, count - first);
    read(tensor, first, elements, target);
    for (let index = 0; index < elements * parts; ) {
      index = printRun(index, elements * parts);
      if (piece.full) yield piece.take();
    }
  }
}
