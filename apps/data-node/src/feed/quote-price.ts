/** What a quote says of the price, where no trade did: its middle, or the side that is there; 0
 * where none is. */
export function quotePrice(bid: number, ask: number): number {
  return bid > 0 && ask > 0 ? (bid + ask) / 2 : Math.max(bid, ask);
}
