import { request } from 'node:http';
import type { CallExample } from '../../src/http/openapi-types.js';

/** A request that can be changed before it is sent. */
export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Leaves out the Host header, which no well-behaved client can. */
  readonly hostless?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** An example as the request that it shows. */
export function callOf(method: string, example: CallExample): Call {
  if (!example.body) return { method, target: example.path, headers: {} };
  return {
    method,
    target: example.path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(example.body),
  };
}

/** Sends a request as any client would. */
export async function send(base: string, { method, target, headers, body }: Call): Promise<Answer> {
  const response = await fetch(base + target, {
    method,
    headers: { ...headers },
    ...(body !== undefined && { body }),
  });
  return {
    status: response.status,
    headers: new Map(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Sends a request that `fetch` would refuse to. */
export function sendRaw(base: string, { method, target, headers, body, hostless }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const options = {
      hostname,
      port,
      method,
      path: target,
      headers: { ...headers },
      setHost: !hostless,
      agent: false,
    };
    request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const pairs = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const);
        resolve({ status: response.statusCode ?? 0, headers: new Map(pairs), body: Buffer.concat(chunks) });
      });
    })
      .on('error', reject)
      .end(body);
  });
}
