import { printFloat64 } from './shortest.js';

/** How JSON spells what its numbers cannot hold; CSV takes the same words without quotes. */
export function specialName(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * JSON text of plain data, like JSON.stringify but for numbers: those that JSON lacks become the strings
 * "Infinity" "-Infinity" "NaN" (not null), and a negative zero stays one. Members that are undefined are left out.
 */
export function jsonText(value: unknown): string {
  if (typeof value === 'number')
    return Number.isFinite(value) ? printFloat64(value) : `"${specialName(value)}"`;
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members: string[] = [];
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${jsonText(member)}`);
  return `{${members.join(',')}}`;
}
