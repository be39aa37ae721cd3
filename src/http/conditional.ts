import { trimBlanks } from './field-list.js';

/** An entity tag as in a header: `W/` or not, and the opaque part with its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly tag: string;
}

/** RFC 9110, 8.8.3: a quote, any visible character but the quote, a quote; there are no escapes. */
const entityTag = /^(W\/)?("[\x21\x23-\x7e\x80-\uffff]*")/;

/**
 * Reads a list of entity tags (`If-Match`, `If-None-Match`). Members that are no entity tags are passed over, to
 * the next comma: a header that cannot be read matches nothing.
 */
export function parseEntityTags(header: string): '*' | EntityTag[] {
  if (trimBlanks(header) === '*') return '*';
  const tags: EntityTag[] = [];
  let rest = header;
  while (rest !== '') {
    rest = rest.replace(/^[ \t,]+/, '');
    const match = entityTag.exec(rest);
    if (match?.[2] !== undefined && /^[ \t]*(?:,|$)/.test(rest.slice(match[0].length))) {
      tags.push({ weak: match[1] !== undefined, tag: match[2] });
      rest = rest.slice(match[0].length);
    } else {
      const comma = rest.indexOf(',');
      rest = comma < 0 ? '' : rest.slice(comma + 1);
    }
  }
  return tags;
}

/** The conditional headers of a request. */
export interface Preconditions {
  readonly method: string;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/**
 * Evaluates If-Match, then If-None-Match, against a representation that exists (RFC 9110, 13.2.2).
 * There are no modification dates here, so the date forms have no meaning and are not read.
 *
 * @param etag The strong entity tag of the selected representation, with its quotes.
 */
export function evaluatePreconditions(
  { method, ifMatch, ifNoneMatch }: Preconditions,
  etag: string,
): 'proceed' | 'not_modified' | 'precondition_failed' {
  if (ifMatch !== undefined) {
    const tags = parseEntityTags(ifMatch);
    // 13.1.1: strong comparison, so a weak tag never matches.
    if (tags !== '*' && !tags.some(({ weak, tag }) => !weak && tag === etag)) return 'precondition_failed';
  }
  if (ifNoneMatch !== undefined) {
    const tags = parseEntityTags(ifNoneMatch);
    // 13.1.2: weak comparison.
    if (tags === '*' || tags.some(({ tag }) => tag === etag)) {
      return method === 'GET' || method === 'HEAD' ? 'not_modified' : 'precondition_failed';
    }
  }
  return 'proceed';
}

/**
 * Whether a Range header counts beside an If-Range header (RFC 9110, 13.1.5): the strong tag is the same.
 * A date never matches, for nothing here has one; the whole is sent then.
 */
export function rangeApplies(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || trimBlanks(ifRange) === etag;
}
