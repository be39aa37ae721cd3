/**
 * The kernel revision: the name of all the bits of all the tables. It stands in every ETag and canonical URL and
 * changes whenever a bit of any table does (CHANGELOG, section Numerics; test/conformance.digest.json).
 */
export const revision = '1';
