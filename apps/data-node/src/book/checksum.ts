// Checksums of the best levels, as venues send them beside a book: CRC-32 (IEEE) of a text. Always:
// the text is that of the decimal numbers as the venue writes them, which a float64 gives back
// exactly for up to 15 digits.

import { crc32 } from 'node:zlib';
import type { BookSide } from './side.js';

export interface ChecksumRule {
  /** `interleaved`: bid and ask of each level as price:size, joined by colons, shortest decimals
   * (OKX, which sends 0 for "none" since June 2026, and others). `digits`: asks, then bids, each
   * price and size with all its decimals, without point and leading zeros (Kraken). */
  readonly form: 'interleaved' | 'digits';
  readonly levels: number;
  /** Sizes of asks are written below 0; for `interleaved` (Bitfinex). */
  readonly negativeAsks?: boolean;
  /** Decimals of prices and sizes; for `digits`. */
  readonly priceDecimals?: number;
  readonly sizeDecimals?: number;
}

/** As an unsigned number; a venue that sends it signed is compared by `>>> 0`. */
export function bookChecksum(bids: BookSide, asks: BookSide, rule: ChecksumRule): number {
  return crc32(rule.form === 'digits' ? digitsText(bids, asks, rule) : pairsText(bids, asks, rule));
}

function pairsText(bids: BookSide, asks: BookSide, rule: ChecksumRule): string {
  const { levels, negativeAsks = false } = rule;
  const parts: string[] = [];
  for (let level = 0; level < levels; level += 1)
    for (const side of [bids, asks]) {
      if (level >= side.count) continue;
      const sign = negativeAsks && side === asks ? '-' : '';
      parts.push(`${shortest(side.price(level))}:${sign}${shortest(side.size(level))}`);
    }
  return parts.join(':');
}

function digitsText(bids: BookSide, asks: BookSide, rule: ChecksumRule): string {
  const { levels, priceDecimals = 0, sizeDecimals = 0 } = rule;
  let text = '';
  for (const side of [asks, bids])
    for (let level = 0; level < Math.min(levels, side.count); level += 1)
      text += digits(side.price(level), priceDecimals) + digits(side.size(level), sizeDecimals);
  return text;
}

/** Without an exponent. */
function shortest(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return value.toFixed(20).replace(/0+$/, '').replace(/\.$/, '');
}

function digits(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('.', '').replace(/^0+/, '');
}
