import type { Backend, Filler } from './define.js';

/**
 * A backend that may stop working, as a driver may. From its first failure on another one computes in its place,
 * also the block that it failed at: no request ends for it. `onFailure` is told once.
 */
export function outliving(
  backend: Backend,
  other: Backend,
  onFailure: (backend: Backend, reason: string) => void,
): Backend {
  let failed = false;
  return {
    ...backend,
    prepare(rows, spec) {
      const instead = () => other.prepare(rows, spec);
      if (failed) return instead();
      const filler = backend.prepare(rows, spec);
      if (!filler) return null;
      let spare: Filler | null = null;
      return {
        fill(first, count, out) {
          if (!failed) {
            try {
              filler.fill(first, count, out);
              return;
            } catch (error) {
              failed = true;
              onFailure(backend, error instanceof Error ? error.message : String(error));
            }
          }
          spare ??= instead();
          if (!spare) throw new Error(`${backend.name} has failed and ${other.name} has no kernel`);
          spare.fill(first, count, out);
        },
      };
    },
  };
}
