import { bin } from './bin.js';
import { csv } from './csv.js';
import type { Format } from './define.js';
import { json } from './json.js';
import { npy } from './npy.js';
import { npz } from './npz.js';
import { safetensors } from './safetensors.js';

/** Every format, in the order in which they are offered. Names and extensions are unique. */
export const formats: readonly Format[] = [json, npy, npz, safetensors, bin, csv];

/** The format of a file name's extension (without the dot), or undefined. */
export function formatByExtension(extension: string): Format | undefined {
  return formats.find((format) => format.extension === extension);
}

/** The format of a name, or undefined. */
export function formatByName(name: string): Format | undefined {
  return formats.find((format) => format.name === name);
}
