import { splitOutsideQuotes } from './field-list.js';

/** A representation that exists: what it is called here, and its media type in lower case. */
export interface Offer {
  readonly name: string;
  readonly mediaType: string;
}

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  /** Place in the header. */
  readonly order: number;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const mediaRange = new RegExp(`^(${token})/(${token})$`);
const parameter = new RegExp(`^(${token})=(${token}|"(?:[^"\\\\]|\\\\.)*")$`);
/** RFC 9110, 12.4.2: at most three decimals. */
const weight = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** null for a member that does not follow the grammar, or that asks for a parameter no representation here has. */
function parseMember(member: string, order: number): MediaRange | null {
  const [range = '', ...parameters] = splitOutsideQuotes(member, ';');
  const [, type, subtype] = mediaRange.exec(range.toLowerCase()) ?? [];
  if (type === undefined || subtype === undefined || (type === '*' && subtype !== '*')) return null;
  let quality = 1;
  for (const text of parameters) {
    const [, name, value] = parameter.exec(text) ?? [];
    if (name === undefined || value === undefined) return null;
    if (name.toLowerCase() === 'q') {
      if (!weight.test(value)) return null;
      quality = Number(value);
      // What follows the weight is an extension of old, without meaning.
      break;
    }
    // Every text here is UTF-8; all other parameters name representations that do not exist.
    if (name.toLowerCase() !== 'charset') return null;
  }
  return { type, subtype, quality, order };
}

/** 0 no match, 1 any type, 2 any subtype, 3 exact (RFC 9110, 12.5.1: the most specific range counts). */
function specificity(range: MediaRange, mediaType: string): number {
  if (range.type === '*') return 1;
  const [type, subtype] = mediaType.split('/');
  if (range.type !== type) return 0;
  if (range.subtype === '*') return 2;
  return range.subtype === subtype ? 3 : 0;
}

/**
 * Chooses a representation by the Accept header (RFC 9110, 12.5.1): the highest weight, then the most specific
 * range, then the order of the header, then the order of the offers. The first offer is the default, where the
 * header is missing or holds nothing that can be read.
 *
 * @returns The name of an offer, or null where the header refuses them all.
 */
export function chooseFormat<const O extends Offer>(
  accept: string | undefined,
  offers: readonly O[],
): O['name'] | null {
  const ranges = splitOutsideQuotes(accept ?? '', ',')
    .map(parseMember)
    .filter((range) => range !== null);
  if (ranges.length === 0) return offers[0]?.name ?? null;

  let best: { offer: O; range: MediaRange; rank: number } | undefined;
  for (const offer of offers) {
    let match: { range: MediaRange; rank: number } | undefined;
    for (const range of ranges) {
      const rank = specificity(range, offer.mediaType);
      if (rank > (match?.rank ?? 0)) match = { range, rank };
    }
    if (!match || match.range.quality === 0) continue;
    const { range, rank } = match;
    const better =
      !best ||
      range.quality > best.range.quality ||
      (range.quality === best.range.quality &&
        (rank > best.rank || (rank === best.rank && range.order < best.range.order)));
    if (better) best = { offer, range, rank };
  }
  return best?.offer.name ?? null;
}

/**
 * Whether a response may be compressed with gzip (RFC 9110, 12.5.3): gzip or `*` is listed with a weight above 0
 * and not below that of identity. Without the header a response stays as it is, for the client did not ask.
 */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const weights = new Map<string, number>();
  for (const member of splitOutsideQuotes(acceptEncoding.toLowerCase(), ',')) {
    const [coding = '', parameter, ...more] = splitOutsideQuotes(member, ';');
    const [, text] = /^q=(.*)$/.exec(parameter ?? 'q=1') ?? [];
    if (text === undefined || !weight.test(text) || more.length > 0) continue;
    // RFC 9110, 8.4.1.3: x-gzip is another name of gzip.
    const name = coding === 'x-gzip' ? 'gzip' : coding;
    if (!weights.has(name)) weights.set(name, Number(text));
  }
  const any = weights.get('*');
  const gzip = weights.get('gzip') ?? any ?? 0;
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0);
}
