import type { FastifyInstance } from 'fastify';
import { invalidParameters, PosencError, pointerTo } from '../errors.js';

/** An object or array that is open while a text is scanned. */
interface Level {
  /** Names seen in an object; null for an array. */
  readonly names: Set<string> | null;
  /** The member under way: its name or index. */
  step: string | number;
  awaitsName: boolean;
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * Looks at a text that is known to be valid JSON for what `JSON.parse` would hide: a name given twice in one
 * object (the first value would be ignored silently), and the name `__proto__`, which no parameter has and which
 * careless code downstream would take for more than a name. Also holds the depth, so that whoever walks the
 * value may recurse.
 *
 * @throws PosencError 422 with a pointer to the place.
 */
function inspect(text: string, maxDepth: number): void {
  const levels: Level[] = [];
  const refuse = (detail: string) => {
    const pointer = pointerTo(...levels.map(({ step }) => step));
    throw invalidParameters([{ pointer, detail }]);
  };
  for (let at = 0; at < text.length; at++) {
    const level = levels[levels.length - 1];
    switch (text.charCodeAt(at)) {
      case quote: {
        const start = at;
        let escaped = false;
        for (at++; text.charCodeAt(at) !== quote; at++) {
          if (text.charCodeAt(at) === backslash) {
            escaped = true;
            at++;
          }
        }
        if (!level?.names || !level.awaitsName) break;
        const name = escaped ? String(JSON.parse(text.slice(start, at + 1))) : text.slice(start + 1, at);
        level.step = name;
        level.awaitsName = false;
        if (name === '__proto__') refuse('there is no such parameter');
        if (level.names.has(name)) refuse('given more than once');
        level.names.add(name);
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        if (levels.length === maxDepth) refuse(`nested more than ${maxDepth} levels deep`);
        levels.push(
          text.charCodeAt(at) === 0x7b
            ? { names: new Set(), step: '', awaitsName: true }
            : { names: null, step: 0, awaitsName: false },
        );
        break;
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop();
        break;
      case 0x2c: // ,
        if (!level) break;
        if (level.names) level.awaitsName = true;
        else if (typeof level.step === 'number') level.step++;
        break;
      default:
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON body.
 *
 * @throws PosencError `bad_json` (400) for what is no JSON in UTF-8; 422 for repeated names and excessive depth.
 */
export function parseJsonBody(bytes: Uint8Array, maxDepth: number): unknown {
  if (bytes.length === 0) throw new PosencError('bad_json', 'the body is empty');
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new PosencError('bad_json', 'the body is not UTF-8');
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The message of a SyntaxError names the place; any other error is about the engine.
    throw new PosencError(
      'bad_json',
      error instanceof SyntaxError ? error.message : 'the body cannot be parsed',
    );
  }
  inspect(text, maxDepth);
  return value;
}

/** Makes JSON the one media type of request bodies; all others are 415. */
export function readJsonBodies(app: FastifyInstance, maxDepth: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      const detail = 'a body must not be compressed';
      done(new PosencError('unsupported_media_type', detail, { headers: { 'Accept-Encoding': 'identity' } }));
      return;
    }
    try {
      done(null, parseJsonBody(body, maxDepth));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
