import type { DType } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';

/** What a format is given to lay out: the tensors, and what it may say about them. */
export interface FileDescription {
  readonly specs: readonly TensorSpec[];
  /** The canonical URL, or a digest of the request where arrays were supplied: safetensors metadata. */
  readonly identity: string;
  /** The head of the JSON body. */
  readonly encoding: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly profile: string | null;
  readonly revision: string;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** A stretch of a binary file. */
export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** All elements of tensor number `tensor`, row-major, little-endian. */
  | { readonly kind: 'tensor'; readonly tensor: number; readonly byteLength: number }
  /** Bytes of known length that depend on the CRC-32 of the data of tensors 0 … tensors − 1 (zip). */
  | {
      readonly kind: 'checksum';
      readonly byteLength: number;
      readonly tensors: readonly number[];
      readonly bytes: (crc32: (tensor: number) => number) => Uint8Array;
    };

export interface FileLayout {
  readonly byteLength: number;
  readonly segments: readonly Segment[];
}

interface FormatBase {
  readonly name: string;
  /** Without the dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** Changes when the layout of the bytes changes; part of every ETag. */
  readonly revision: string;
  /** Holds exactly one tensor. */
  readonly single: boolean;
  /** Why a tensor cannot be held, as a sentence, or null. */
  readonly refuses: (spec: TensorSpec) => string | null;
}

/** A file whose length is known before its numbers are. */
export interface BinaryFormat extends FormatBase {
  readonly kind: 'binary';
  readonly layout: (file: FileDescription) => FileLayout;
}

/** Reads elements of tensor number `tensor` as bytes of its dtype. `out` is 8-byte aligned. */
export type ReadElements = (tensor: number, first: number, count: number, out: Uint8Array) => void;

/** A text whose length shows only when it is printed. */
export interface TextFormat extends FormatBase {
  readonly kind: 'text';
  /** Yields the text piece by piece, pieces of about 64 KiB. */
  readonly print: (file: FileDescription, read: ReadElements) => Generator<string, void, void>;
}

export type Format = BinaryFormat | TextFormat;

/** Which dtypes a refusal names as alternatives. */
export const allDTypes: readonly DType[] = ['f64', 'f32', 'f16', 'bf16', 'c64', 'i64', 'i32', 'bool'];
