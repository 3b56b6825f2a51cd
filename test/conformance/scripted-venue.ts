// A venue in memory for feeds of messages: each symbol that is subscribed to says one numbered
// message in a millisecond, in an own small dialect, and everything that can go wrong can be asked
// for. The price of a tick is its number, so that a lost or doubled one shows.

import type {
  FeedGap,
  FeedRows,
  MessageConnection,
  MessageDecoder,
  MessageEvents,
  MessageSource,
} from '@ndts/data-node';
import { addNs, nsPerMs, timeFromMs, timeToMs } from '@ndts/protocol';
import type { VirtualClock } from '@ndts/runtime';
import type { FeedKnobs } from './feed-suite.js';

/** Way of a message: a jitter on it that is 0 in the end, for the least is what counts. */
const wayMs = [3, 1, 0, 2, 5];

export class ScriptedVenue implements MessageSource, FeedKnobs {
  readonly #clock: VirtualClock;
  readonly #aheadMs: number;
  readonly #canWait: boolean;
  readonly #canRepair: boolean;
  readonly #numbers = new Map<string, number>();
  #events: MessageEvents | undefined;
  #subscribed = new Set<string>();
  #isPaused = false;
  #isSilent = false;
  #isRefusing = false;
  #losesNext = false;
  #tries = 0;
  #step = 0;

  constructor(options: {
    readonly clock: VirtualClock;
    readonly aheadMs: number;
    readonly canWait: boolean;
    readonly canRepair: boolean;
  }) {
    this.#clock = options.clock;
    this.#aheadMs = options.aheadMs;
    this.#canWait = options.canWait;
    this.#canRepair = options.canRepair;
  }

  async open(events: MessageEvents): Promise<MessageConnection> {
    this.#tries += 1;
    await Promise.resolve();
    if (this.#isRefusing) throw new Error('refused');
    this.#events = events;
    this.#subscribed = new Set();
    this.#isPaused = false;
    this.#isSilent = false;
    return {
      subscribe: (names) => this.#subscribe(events, names),
      unsubscribe: (names) => {
        if (this.#events !== events) return;
        for (const name of names) this.#subscribed.delete(name);
      },
      ...(this.#canWait
        ? {
            flow: {
              pause: () => {
                this.#isPaused = true;
              },
              resume: () => {
                this.#isPaused = false;
              },
            },
          }
        : {}),
      ...(this.#canRepair ? { resync: (gap: FeedGap) => this.#resync(events, gap) } : {}),
      close: async () => {
        if (this.#events === events) this.#events = undefined;
      },
    };
  }

  #subscribe(events: MessageEvents, names: readonly string[]): void {
    if (this.#events !== events) return;
    for (const name of names) this.#subscribed.add(name);
  }

  #resync(events: MessageEvents, gap: FeedGap): void {
    for (let number = gap.from; number < gap.to; number += 1)
      events.message(this.#text(gap.name, number, 'repair'));
  }

  /** One millisecond of it. */
  step(): void {
    const events = this.#events;
    this.#step += 1;
    if (events === undefined || this.#isPaused || this.#isSilent) return;
    for (const name of this.#subscribed) {
      const number = this.#numbers.get(name) ?? 1;
      this.#numbers.set(name, number + 1);
      if (!this.#losesNext) events.message(this.#text(name, number, 'tick'));
      this.#losesNext = false;
    }
  }

  #text(name: string, number: number, kind: string): Buffer {
    const nowMs = timeToMs(this.#clock.now());
    const sentMs = nowMs - this.#aheadMs - (wayMs[this.#step % wayMs.length] ?? 0);
    return Buffer.from(JSON.stringify([kind, name, number, sentMs]));
  }

  cut(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed('the venue went away');
  }

  refuse(): void {
    this.#isRefusing = true;
  }

  accept(): void {
    this.#isRefusing = false;
  }

  silence(): void {
    this.#isSilent = true;
  }

  lose(): void {
    this.#losesNext = true;
  }

  garbage(): number {
    const messages = [
      Buffer.alloc(0),
      bytesOf('not json'),
      bytesOf('["tick"'),
      bytesOf('{"tick":1}'),
      bytesOf('["tick","A",null,[]]'),
      bytesOf('\0\0\u001b[31m\u202e'),
      Buffer.from([0xff, 0xfe, 0x80, 0]),
      Buffer.alloc(5000, '['),
      Buffer.alloc(100_000, 'x'),
    ];
    for (const message of messages) this.#events?.message(message);
    return messages.length;
  }

  tries(): number {
    return this.#tries;
  }

  connections(): number {
    return this.#events === undefined ? 0 : 1;
  }

  subscribed(): readonly string[] {
    return [...this.#subscribed];
  }
}

export class ScriptedDecoder implements MessageDecoder {
  readonly #next = new Map<string, number>();

  reset(): void {
    this.#next.clear();
  }

  decode(bytes: Uint8Array, rows: FeedRows): void {
    const receivedMs = timeToMs(rows.receivedAt);
    let message: unknown;
    try {
      message = JSON.parse(Buffer.from(bytes).toString());
    } catch {
      rows.reject(receivedMs, 'message', 'not JSON', bytes);
      return;
    }
    const [kind, name, number, sentMs] = Array.isArray(message) ? (message as unknown[]) : [];
    if (typeof name !== 'string' || typeof number !== 'number' || typeof sentMs !== 'number') {
      rows.reject(receivedMs, 'message', 'not a message', bytes);
      return;
    }
    const id = rows.idOf(name);
    if (id === 0) return;
    if (kind === 'repair') rows.repaired();
    else {
      const next = this.#next.get(name) ?? number;
      this.#next.set(name, number + 1);
      if (number > next) rows.gap(name, next, number);
    }
    const sent = timeFromMs(sentMs);
    rows.sentAt(sent);
    put(rows, id, number, addNs(rows.receivedAt, 0));
  }
}

function put(rows: FeedRows, id: number, number: number, time: { day: number; nsOfDay: number }) {
  const row = rows.claimTick();
  if (row < 0) return;
  const { ticks } = rows;
  ticks.day[row] = time.day;
  ticks.nsOfDay[row] = time.nsOfDay;
  ticks.price[row] = number;
  ticks.volume[row] = 1;
  ticks.bid[row] = 0;
  ticks.ask[row] = 0;
  ticks.bidVolume[row] = 0;
  ticks.askVolume[row] = 0;
  ticks.symbol[row] = id;
  ticks.flags[row] = 0;
}

/** The clock goes on in milliseconds, and what waits for a promise gets its turn. */
export async function passTime(clock: VirtualClock, ms: number, step: () => void): Promise<void> {
  for (let at = 0; at < ms; at += 1) {
    clock.advance(nsPerMs);
    step();
    if (at % 16 === 0) await Promise.resolve();
  }
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
