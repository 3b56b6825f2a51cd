// Numbers as CTP tells them: the largest double, or nothing at all, where there is none. What
// always holds: the same is a price for whoever reads files, listens to a market, or trades there.

/** Far above every price; what is not told is the largest double. */
const none = 1e300;

/** 0 is none, too; a spread may be below it. */
export function isCtpPrice(value: number): boolean {
  return value !== 0 && Math.abs(value) < none;
}

export function ctpPriceOrNone(value: number): number {
  return isCtpPrice(value) ? value : 0;
}

/** Counts of lots and sums of money, which may be 0. */
export function isCtpAmount(value: number): boolean {
  return Math.abs(value) < none;
}
