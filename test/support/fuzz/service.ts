/**
 * Settings of the service that is fuzzed: tables that stream but take no time, bodies that are soon too large, and
 * little memory to do it with.
 */
export const fuzzedService = {
  POSENC_BLOCK_BYTES: '65536',
  POSENC_POOL_BLOCKS: '32',
  POSENC_MAX_TABLE_BYTES: '1048576',
  POSENC_MAX_TEXT_ELEMENTS: '16384',
  POSENC_MAX_BODY_BYTES: '65536',
} as const;
