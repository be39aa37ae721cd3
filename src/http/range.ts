import { trimBlanks } from './field-list.js';

/** What a Range header asks of a file. `end` is exclusive. */
export type RangeRequest =
  /** There is no range, or none that has to be honoured: the whole, 200. */
  | { readonly kind: 'none' }
  /** Several ranges of which at least one lies in the file: the whole, 200. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  /** 416. */
  | { readonly kind: 'unsatisfiable' };

/** Compares two decimal numbers of any length. */
function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+(?=\d)/, '');
  const y = b.replace(/^0+(?=\d)/, '');
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * Reads a Range header (RFC 9110, 14.1.2 and 14.2) against a file of `size` bytes.
 * Another unit, and anything that does not follow the grammar, is as if there were no header. Positions of any
 * number of digits are taken; those beyond the file count as its end.
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  const none = { kind: 'none' } as const;
  const [, set] = /^[ \t]*bytes=(.*)$/i.exec(header ?? '') ?? [];
  if (set === undefined) return none;

  const ranges: { start: number; end: number }[] = [];
  let specs = 0;
  for (const member of set.split(',')) {
    const spec = trimBlanks(member);
    // RFC 9110, 5.6.1: empty members of a list are passed over.
    if (spec === '') continue;
    const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
    if (first === undefined || last === undefined || first + last === '') return none;
    if (first !== '' && last !== '' && compareDigits(last, first) < 0) return none;
    specs++;
    if (first === '') {
      const length = Number(last);
      if (length > 0) ranges.push({ start: Math.max(0, size - length), end: size });
    } else if (Number(first) < size) {
      ranges.push({ start: Number(first), end: last === '' ? size : Math.min(Number(last) + 1, size) });
    }
  }
  if (specs === 0) return none;
  const range = ranges[0];
  if (!range) return { kind: 'unsatisfiable' };
  // The last bytes of an empty file are a range that no 206 can state.
  if (specs > 1 || range.start === range.end) return { kind: 'whole' };
  return { kind: 'range', ...range };
}
