import { elementCount, type TensorSpec } from '../tensor/spec.js';
import type { ReadElements, TextFormat } from './define.js';
import { jsonText } from './json-text.js';
import { printNumbers, type Spelling, TextPiece, textShape } from './text.js';

const spelling: Spelling = { quote: '"', true: 'true', false: 'false' };

/** Nested empty arrays of a shape with a side of 0: [2, 0] is [[],[]]. */
function emptyArrays(shape: readonly number[]): string {
  const [side = 0, ...inner] = shape;
  return `[${Array.from({ length: side }, () => emptyArrays(inner)).join(',')}]`;
}

function* printData(
  piece: TextPiece,
  spec: TensorSpec,
  tensor: number,
  read: ReadElements,
): Generator<string, void, void> {
  if (elementCount(spec.shape) === 0) {
    piece.add(emptyArrays(spec.shape));
    return;
  }
  const { length: rank } = textShape(spec);
  const separators = Array.from({ length: Math.max(1, rank) }, (_, n) => `${']'.repeat(n)},${'['.repeat(n)}`);
  piece.add('['.repeat(rank));
  yield* printNumbers(piece, spec, tensor, read, spelling, separators);
  piece.add(']'.repeat(rank));
}

/**
 * One JSON object: how the table was made, then each tensor as nested arrays (a scalar as one number), numbers as
 * the shortest decimals of their dtype. A c64 element is [re, im], an axis that `shape` leaves out.
 */
export const json: TextFormat = {
  kind: 'text',
  name: 'json',
  extension: 'json',
  mediaType: 'application/json',
  revision: '1',
  single: false,
  refuses: () => null,
  *print({ specs, encoding, params, profile, revision, meta }, read) {
    let numbers = 1;
    let rank = 0;
    for (const spec of specs) {
      numbers += elementCount(textShape(spec));
      rank = Math.max(rank, textShape(spec).length);
    }
    const piece = new TextPiece(numbers, 2 * rank + 1);
    const head = jsonText({ encoding, params, profile, revision });
    piece.add(`${head.slice(0, -1)},"tensors":{`);
    for (const [tensor, spec] of specs.entries()) {
      const { dtype, shape } = spec;
      const opening = `${tensor === 0 ? '' : ','}${jsonText(spec.name)}:`;
      piece.add(`${opening}{"dtype":${jsonText(dtype)},"shape":${jsonText(shape)},"data":`);
      yield* printData(piece, spec, tensor, read);
      piece.add('}');
    }
    piece.add(`},"meta":${jsonText(meta)}}`);
    yield piece.take();
  },
};
