// The number that a venue gave a trade, of the text it came as.

/** NaN: it is no whole number that is exact. */
export function tradeNumber(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : Number.NaN;
}
