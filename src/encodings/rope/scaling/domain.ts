import { z } from 'zod';

/**
 * A factor, weight or divisor above 0. Within these bounds no law overflows float32, and dynamic NTK's
 * `ratio − (factor − 1)` stays positive in float32 (its error is below 3 · factor · 2^−23 < 0.4, its value at
 * least 1). Models use 1/8 to 128.
 */
export const multiplier = z.number().min(1e-6).max(1e6);

/** As {@link multiplier}, and 0 for none. */
export const weight = z.number().min(0).max(1e6);

/** Longest sequence of the training, in positions. */
export const trainedLength = z.int().min(1).describe('Longest sequence of the training.');
