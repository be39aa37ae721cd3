/** What a library said while it was not heard. */
export interface Heard<T> {
  readonly value: T;
  readonly said: readonly string[];
}

function sentence(parts: readonly unknown[]): string {
  return parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
}

/**
 * Runs `work`, which must be synchronous, and collects what it prints through `console` instead of printing it:
 * gpu.js reports fallbacks and refused contexts there, and a line that is no JSON would break the log. Nobody
 * else can print meanwhile. Errors of `work` pass.
 */
export function quietly<T>(work: () => T): Heard<T> {
  const { log, info, warn, error } = console;
  const said: string[] = [];
  const listen = (...parts: unknown[]) => {
    said.push(sentence(parts));
  };
  Object.assign(console, { log: listen, info: listen, warn: listen, error: listen });
  try {
    return { value: work(), said };
  } finally {
    Object.assign(console, { log, info, warn, error });
  }
}
