// ccxt is large, and not installed with the rest.

/** Its module, where it is or where NDTS_TEST_CCXT names it. */
export function findCcxt(): string | undefined {
  const path = process.env['NDTS_TEST_CCXT'];
  if (path !== undefined) return path;
  try {
    return import.meta.resolve('ccxt');
  } catch {
    return undefined;
  }
}
