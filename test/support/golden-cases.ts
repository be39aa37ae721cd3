import { z } from 'zod';
import { goldenFile } from './golden.js';
import { readSafetensors, type StoredTensor } from './safetensors.js';

const manifest = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      encoding: z.string(),
      params: z.record(z.string(), z.unknown()),
      file: z.string(),
      tensors: z.record(z.string(), z.string()),
    }),
  ),
});

/** What torch and transformers gave for the parameters; test/golden/generate.py made it. */
export interface GoldenCase {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The names of its tensors. */
  readonly names: readonly string[];
  readonly tensor: (name: string) => StoredTensor;
}

/** Every case there is, of whatever encoding. */
export const goldenManifest = manifest.parse(JSON.parse(goldenFile('manifest.json').toString())).cases;

/** The golden cases of an encoding, in the manifest's order. */
export function goldenCases(encoding: string): readonly GoldenCase[] {
  const own = goldenManifest.filter((candidate) => candidate.encoding === encoding);
  const files = new Map(
    [...new Set(own.map(({ file }) => file))].map((file) => [file, readSafetensors(goldenFile(file))]),
  );
  return own.map(({ id, params, file, tensors }) => ({
    id,
    params,
    names: Object.keys(tensors),
    tensor: (name) => {
      const found = files.get(file)?.get(tensors[name] ?? '');
      if (!found) throw new Error(`${id} lacks the tensor ${name}`);
      return found;
    },
  }));
}
