// What the simulated venue remembers by itself: the witness of what was really sent to it.

import { type RecordEntry, readRecords } from '@ndts/exec-node';
import { moneyText } from '@ndts/protocol';

export interface VenueSummary {
  readonly orders: number;
  readonly fills: number;
  /** Client order ids the venue received more than once. */
  readonly sentTwice: string[];
  /** Client order ids by their order of arrival. */
  readonly ids: Set<string>;
  /** By symbol, without flat ones, as decimal text. */
  readonly positions: Map<number, string>;
}

export function readVenueRecord(dir: string): VenueSummary {
  const ids = new Set<string>();
  const sentTwice: string[] = [];
  const trades = new Set<string>();
  const totals = new Map<number, bigint>();
  const take = (entry: RecordEntry): void => {
    if (entry.kind === 'duplicate') sentTwice.push(entry.id);
    if (entry.kind === 'order') {
      if (ids.has(entry.id)) sentTwice.push(entry.id);
      ids.add(entry.id);
    }
    if (entry.kind === 'fill' && !trades.has(entry.tradeId)) {
      trades.add(entry.tradeId);
      const signed = BigInt(entry.quantity) * BigInt(entry.side);
      totals.set(entry.symbol, (totals.get(entry.symbol) ?? 0n) + signed);
    }
  };
  readRecords(dir, take);
  const positions = new Map(
    [...totals]
      .filter(([, quantity]) => quantity !== 0n)
      .map(([symbol, quantity]) => [symbol, moneyText(quantity)] as const),
  );
  return { orders: ids.size, fills: trades.size, sentTwice, ids, positions };
}
