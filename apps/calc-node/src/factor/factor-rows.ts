// hot: no allocation after init
// Factor values as 128-byte slots: written by a strategy's process, one slot per tick, read back
// by the node. Plain typed arrays over one buffer; times and sequences are split into words,
// because BigInt would allocate. Little-endian, as the layout is and as every supported machine
// is.

import { FactorSlot, nsPerDay, type TickBatch } from '@ndts/protocol';
import type { SlotRingWriter } from '@ndts/storage';
import type { FactorColumns } from './factor-cursor.js';

const two32 = 4_294_967_296;
const slotDoubles = FactorSlot.sizeBytes / 8;
const slotWords = FactorSlot.sizeBytes / 4;

const valueDouble = FactorSlot.value / 8;
const priceDouble = FactorSlot.price / 8;
const middleDouble = FactorSlot.middle / 8;
const upperDouble = FactorSlot.upper / 8;
const lowerDouble = FactorSlot.lower / 8;
const timeWord = FactorSlot.time / 4;
const symbolWord = FactorSlot.symbol / 4;
const factorWord = FactorSlot.factor / 4;
const signalWord = FactorSlot.signal / 4;
const shardWord = FactorSlot.shard / 4;
const epochWord = FactorSlot.epoch / 4;
const sequenceWord = FactorSlot.sequence / 4;
const firstDouble = FactorSlot.firstSequence / 8;

export class FactorRowWriter {
  readonly #ring: SlotRingWriter;
  readonly #bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;

  constructor(ring: SlotRingWriter, capacity: number) {
    this.#ring = ring;
    this.#bytes = new Uint8Array(capacity * FactorSlot.sizeBytes);
    this.#doubles = new Float64Array(this.#bytes.buffer);
    this.#words = new Uint32Array(this.#bytes.buffer);
  }

  /** Rows [0, batch.count) of one factor. `firsts`: of a factor that is stored. */
  publish(
    batch: TickBatch,
    factor: number,
    columns: FactorColumns,
    firsts: Float64Array | undefined,
  ): void {
    const doubles = this.#doubles;
    const words = this.#words;
    for (let row = 0; row < batch.count; row += 1) {
      const double = row * slotDoubles;
      const word = row * slotWords;
      // Exact: day * nsPerDay has 16 trailing zero bits (see time.ts in protocol).
      const base = batch.day[row]! * nsPerDay;
      const nsOfDay = batch.nsOfDay[row]!;
      const baseHigh = Math.floor(base / two32);
      const low = base - baseHigh * two32 + (nsOfDay % two32);
      const carry = low >= two32 ? 1 : 0;
      words[word + timeWord] = low - carry * two32;
      words[word + timeWord + 1] = baseHigh + Math.floor(nsOfDay / two32) + carry;
      words[word + symbolWord] = batch.symbol[row]!;
      words[word + factorWord] = factor;
      doubles[double + valueDouble] = columns.value[row]!;
      doubles[double + priceDouble] = batch.price[row]!;
      doubles[double + middleDouble] = columns.middle[row]!;
      doubles[double + upperDouble] = columns.upper[row]!;
      doubles[double + lowerDouble] = columns.lower[row]!;
      words[word + signalWord] = columns.signal[row]!; // NaN becomes 0
      words[word + shardWord] = batch.shard[row]!;
      words[word + epochWord] = batch.epoch[row]!;
      const sequence = batch.sequence[row]!;
      const sequenceHigh = Math.floor(sequence / two32);
      words[word + sequenceWord] = sequence - sequenceHigh * two32;
      words[word + sequenceWord + 1] = sequenceHigh;
      doubles[double + firstDouble] = firsts === undefined ? Number.NaN : firsts[row]!;
    }
    this.#ring.publish(this.#bytes, batch.count);
  }
}

/** A block of slots as it was polled, read by row. */
export class FactorRows {
  readonly bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity * FactorSlot.sizeBytes);
    this.#doubles = new Float64Array(this.bytes.buffer);
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  /** Milliseconds since 1970, with fractions to about a quarter of a microsecond. */
  timeMs(row: number): number {
    const word = row * slotWords + timeWord;
    const high = this.#words[word + 1]! | 0;
    return (high * two32) / 1e6 + this.#words[word]! / 1e6;
  }
  /** The same, exact: days and nanoseconds of the day. */
  copyTime(row: number, day: Float64Array, nsOfDay: Float64Array, into: number): void {
    const word = row * slotWords + timeWord;
    const high = this.#words[word + 1]! | 0;
    const low = this.#words[word]!;
    // The sum is rounded, so the day may be one off at midnight; what is left of it is exact.
    const days = Math.floor((high * two32 + low) / nsPerDay);
    const base = days * nsPerDay;
    const baseHigh = Math.floor(base / two32);
    const rest = (high - baseHigh) * two32 + (low - (base - baseHigh * two32));
    const off = rest < 0 ? -1 : rest >= nsPerDay ? 1 : 0;
    day[into] = days + off;
    nsOfDay[into] = rest - off * nsPerDay;
  }
  symbol(row: number): number {
    return this.#words[row * slotWords + symbolWord]!;
  }
  factor(row: number): number {
    return this.#words[row * slotWords + factorWord]!;
  }
  value(row: number): number {
    return this.#doubles[row * slotDoubles + valueDouble]!;
  }
  price(row: number): number {
    return this.#doubles[row * slotDoubles + priceDouble]!;
  }
  middle(row: number): number {
    return this.#doubles[row * slotDoubles + middleDouble]!;
  }
  upper(row: number): number {
    return this.#doubles[row * slotDoubles + upperDouble]!;
  }
  lower(row: number): number {
    return this.#doubles[row * slotDoubles + lowerDouble]!;
  }
  shard(row: number): number {
    return this.#words[row * slotWords + shardWord]!;
  }
  epoch(row: number): number {
    return this.#words[row * slotWords + epochWord]!;
  }
  /** `into` in words: low, then high. */
  copySequence(row: number, words: Uint32Array, into: number): void {
    const word = row * slotWords + sequenceWord;
    words[2 * into] = this.#words[word]!;
    words[2 * into + 1] = this.#words[word + 1]!;
  }
  /** NaN: not known. */
  firstSequence(row: number): number {
    return this.#doubles[row * slotDoubles + firstDouble]!;
  }
}
