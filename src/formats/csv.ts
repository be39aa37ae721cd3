import { elementCount } from '../tensor/spec.js';
import type { TextFormat } from './define.js';
import { onlyTensor } from './single.js';
import { printNumbers, type Spelling, TextPiece } from './text.js';

const spelling: Spelling = { quote: '', true: '1', false: '0' };

/**
 * Comma-separated values without a header: a line a row, or a line a number for a list or a scalar. Every line
 * ends with LF. Numbers are printed as in JSON; Infinity, -Infinity and NaN stand without quotes, masks are 0/1.
 */
export const csv: TextFormat = {
  kind: 'text',
  name: 'csv',
  extension: 'csv',
  mediaType: 'text/csv',
  revision: '1',
  single: true,
  refuses: ({ name, dtype, shape }) => {
    if (dtype === 'c64') return `csv has no complex numbers, and '${name}' is c64; use json or npy`;
    if (shape.length > 2)
      return `csv holds at most two axes, and '${name}' has ${shape.length}; use json or safetensors`;
    return null;
  },
  *print({ specs }, read) {
    const spec = onlyTensor(specs);
    const [rows = 1] = spec.shape;
    const count = elementCount(spec.shape);
    if (count === 0) {
      yield '\n'.repeat(spec.shape.length === 2 ? rows : 0);
      return;
    }
    const piece = new TextPiece(count, 1);
    yield* printNumbers(piece, spec, 0, read, spelling, spec.shape.length === 2 ? [',', '\n'] : ['\n']);
    piece.add('\n');
    yield piece.take();
  },
};
