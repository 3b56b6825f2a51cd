// hot: no allocation after init
// What the cleaner refused: counted by reason in the cleaner itself, the newest rows kept here
// with their reason, so that a person can look at what was wrong. Bounded: the oldest row makes
// room.

import { CleanReasonNames, createTickBatch, type RejectView, type TickBatch } from '@ndts/protocol';

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

/** The cleaner's counts by the names of their reasons, zeros left out. */
export function rejectedByReason(counts: Float64Array): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [reason, count] of counts.entries()) {
    if (reason === 0 || count === 0) continue;
    named[CleanReasonNames[reason] ?? `reason${reason}`] = count;
  }
  return named;
}
