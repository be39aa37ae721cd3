import type { z } from 'zod';
import type { ElementRows, Positions, Rows } from '../kernels/rows.js';

/** What 'right' means for a table; the encoding says which it has and what each guarantees. */
export type Profile = 'transformers' | 'exact' | 'float64';

/**
 * What a tensor holds, which decides its dtype: `float` f32 or as asked (f64, f32, f16, bf16), `index` i64 or i32,
 * `mask` bool, `complex` c64, `f64` always f64.
 */
export type TensorKind = 'float' | 'index' | 'mask' | 'complex' | 'f64';

/** One tensor of a table: its shape is known at once, its numbers only when `rows` is called. */
export type TensorPlan = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: TensorKind;
} & Recipe;

/**
 * What kind of rows `rows` will make, said before it is called: who can compute a table, and how well, is known
 * without a number. `elements` where nothing is said.
 */
type Recipe =
  | { readonly recipe?: never; readonly rows: () => ElementRows }
  | {
      [K in Rows['kind']]: { readonly recipe: K; readonly rows: () => Extract<Rows, { kind: K }> };
    }[Rows['kind']];

/** A request as an encoding sees it: validated, defaults filled in. */
export interface TableRequest<P> {
  readonly params: P;
  /** The row window; an empty range where the encoding has none. */
  readonly positions: Positions;
  /** null for integer maps and masks, which have no profile. */
  readonly profile: Profile | null;
}

/** Documentation of a tensor; `shape` in the catalogue's letters, such as ['N', 'd']. */
export interface TensorDoc {
  readonly name: string;
  readonly shape: readonly string[];
  readonly kind: TensorKind;
  readonly description: string;
}

export interface Example {
  readonly title: string;
  /** Parameters as in a JSON body, window and dtype included. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** The whole contract of an encoding. Routes, OpenAPI, docs, command line and tests follow from this object. */
export interface Encoding<P = Record<string, unknown>> {
  /** Kebab-case, as in the URL. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly status: { readonly level: 'official' | 'third_party' | 'reconstructed'; readonly note: string };
  readonly references: readonly { readonly title: string; readonly url: string }[];
  /** The encoding's own parameters, in canonical order, each described. */
  readonly params: z.ZodObject;
  /** Whether rows are positions (start, length or positions), and whether fractions have a meaning. */
  readonly window: 'none' | 'integers' | 'fractions';
  /** Parameters that are arrays supplied in a POST body, never in a query. */
  readonly supplied?: readonly string[];
  /**
   * From parsed parameters to the parameters in force: fills defaults that depend on others, drops unused ones,
   * and throws `invalidParameters` for contradictions.
   */
  readonly normalize?: (params: P) => P;
  /** The profiles in order of preference; empty where there is none. */
  readonly profiles: readonly { readonly name: Profile; readonly guarantee: string }[];
  /** Which of `profiles` exist for these parameters; all by default. */
  readonly profilesFor?: (params: P) => readonly Profile[];
  /** The tensors in order, from parameters alone: shapes before numbers. */
  readonly tensors: (request: TableRequest<P>) => readonly TensorPlan[];
  readonly tensorDocs: readonly TensorDoc[];
  readonly examples: readonly [Example, ...Example[]];
}

/** An encoding whose parameter type is hidden, as the registry holds it. */
export type AnyEncoding = Encoding<Record<string, unknown>>;

/**
 * Declares an encoding. Type inference ties `normalize` and `tensors` to the zod object of `params`;
 * the registry then holds it with that type hidden, for `params` alone decides what they are given.
 */
export function defineEncoding<S extends z.ZodObject>(
  encoding: Omit<Encoding<z.output<S>>, 'params'> & { readonly params: S },
): AnyEncoding {
  return encoding as unknown as AnyEncoding;
}
