// hot: no allocation after init
// What the cleaner refused: counted by reason in the cleaner itself, all of it in the table of
// rejects, the newest rows of this start kept here for the dashboard. Bounded: the oldest row makes
// room.

import type { Cleaner } from '@ndts/native/clean';
import {
  CleanReasonNames,
  createTickBatch,
  type RejectView,
  type SourceCleaning,
  type TickBatch,
} from '@ndts/protocol';

export class RecentRejects {
  readonly #rows: TickBatch;
  #next = 0;

  constructor(capacity: number) {
    this.#rows = createTickBatch(capacity);
  }

  note(rejects: TickBatch): void {
    const rows = this.#rows;
    for (let row = 0; row < rejects.count; row += 1) {
      const slot = this.#next;
      rows.day[slot] = rejects.day[row]!;
      rows.nsOfDay[slot] = rejects.nsOfDay[row]!;
      rows.price[slot] = rejects.price[row]!;
      rows.volume[slot] = rejects.volume[row]!;
      rows.bid[slot] = rejects.bid[row]!;
      rows.ask[slot] = rejects.ask[row]!;
      rows.symbol[slot] = rejects.symbol[row]!;
      rows.flags[slot] = rejects.flags[row]!;
      this.#next = (slot + 1) % rows.capacity;
      if (rows.count < rows.capacity) rows.count += 1;
    }
  }

  /** Newest first. */
  list(limit: number): RejectView[] {
    const rows = this.#rows;
    const count = Math.min(limit, rows.count);
    return Array.from({ length: count }, (_, back) => {
      const slot = (this.#next - 1 - back + rows.capacity) % rows.capacity;
      return {
        symbol: rows.symbol[slot]!,
        reason: CleanReasonNames[rows.flags[slot]!] ?? String(rows.flags[slot]),
        timeMs: rows.day[slot]! * 86_400_000 + rows.nsOfDay[slot]! / 1e6,
        price: String(rows.price[slot]),
        volume: String(rows.volume[slot]),
        bid: String(rows.bid[slot]),
        ask: String(rows.ask[slot]),
      };
    });
  }
}

/** Counts of the cleaner by the names of their reasons, zeros left out. */
export function countsByRule(counts: Float64Array): Record<string, number> {
  const named: Record<string, number> = {};
  for (let reason = 1; reason < counts.length; reason += 1) {
    const count = counts[reason]!;
    if (count === 0) continue;
    named[CleanReasonNames[reason] ?? `reason${reason}`] = count;
  }
  return named;
}

/** Of feeds, by their sources. */
export function sourceCleanings(
  cleaner: Pick<Cleaner, 'counts' | 'marked'>,
  sources: readonly { readonly source: number; readonly name: string }[],
): SourceCleaning[] {
  return sources.map(({ source, name }) => ({
    source: name,
    refused: countsByRule(cleaner.counts(source)),
    marked: countsByRule(cleaner.marked(source)),
  }));
}

export function sumByRule(
  parts: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const part of parts)
    for (const [rule, count] of Object.entries(part)) sum[rule] = (sum[rule] ?? 0) + count;
  return sum;
}
