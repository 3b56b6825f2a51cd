// Feeds of what strategies compute and ask for, from the rings that they write: every signal, and
// the latest value of each factor of each symbol. They are read beside the exec node and the
// charts, and hold up neither.
//
// Always: rings are looked for again and again, since each start of a strategy has new ones; one
// that came while somebody was subscribed is read from its first slot, others from their end.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  FactorSlot,
  moneyText,
  OrderTypeNames,
  readTime,
  SignalSlot,
  type Time,
  type Timer,
} from '@ndts/protocol';
import { openSlotRing, type SlotRingReader } from '@ndts/storage';
import type { NameOf } from './frames.js';
import { LatestFeed } from './latest-feed.js';

export interface StrategyFeedOptions {
  /** Folder of the rings: factor-INSTANCE-GENERATION.ring, signal-INSTANCE-GENERATION.ring. */
  readonly dir: string;
  readonly clock: Clock;
  readonly nameOf: NameOf;
  /** How often rings are read. */
  readonly flushMs: number;
}

export interface SignalView {
  readonly instance: number;
  /** Grows with every signal of the instance. */
  readonly ordinal: string;
  readonly symbol: number;
  readonly symbolName: string;
  readonly side: 'buy' | 'sell';
  readonly orderType: string;
  /** Decimal text, as all money. */
  readonly quantity: string;
  readonly limitPrice: string | null;
  readonly validForMs: number;
  readonly time: Time;
  /** Of the tick it was asked because of, and that tick's place. */
  readonly tickTime: Time;
  readonly shard: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly factorValue: number | null;
}

export interface FactorView {
  readonly instance: number;
  /** Within the instance. */
  readonly factor: number;
  readonly symbol: number;
  readonly symbolName: string;
  readonly value: number | null;
  readonly price: number;
  /** Of the tick, and its place. */
  readonly time: Time;
  readonly shard: number;
  readonly epoch: number;
  readonly sequence: number;
}

const searchMs = 200;
const slotsPerPoll = 1024;
const signalsMax = 1000;
const factorsMax = 100_000;

export function signalFeed(options: StrategyFeedOptions): LatestFeed<SignalView> {
  return new LatestFeed<SignalView>({
    keyOf: ({ instance, ordinal }) => `${instance}-${ordinal}`,
    symbolOf: ({ symbol }) => symbol,
    messageOf: (signals) => ({ type: 'signals', signals }),
    keptMax: signalsMax,
    begin: (take) => {
      const rings = new StrategyRings(options, 'signal', SignalSlot.sizeBytes, (slots) =>
        take(slots.map(({ view, at }) => signalAt(view, at, options.nameOf))),
      );
      return () => rings.close();
    },
  });
}

export function factorFeed(options: StrategyFeedOptions): LatestFeed<FactorView> {
  return new LatestFeed<FactorView>({
    keyOf: factorKey,
    symbolOf: ({ symbol }) => symbol,
    messageOf: (factors) => ({ type: 'factors', factors }),
    keptMax: factorsMax,
    begin: (take) => {
      const rings = new StrategyRings(options, 'factor', FactorSlot.sizeBytes, (slots) => {
        const latest = new Map<string, FactorView>();
        for (const { view, at, instance } of slots) {
          const one = factorAt(view, at, instance, options.nameOf);
          latest.set(factorKey(one), one);
        }
        take([...latest.values()]);
      });
      return () => rings.close();
    },
  });
}

function factorKey({ instance, factor, symbol }: FactorView): string {
  return `${instance}-${factor}-${symbol}`;
}

interface Slot {
  readonly view: DataView;
  readonly at: number;
  readonly instance: number;
}

/** The rings of one kind, of all strategies. */
class StrategyRings {
  readonly #options: StrategyFeedOptions;
  readonly #pattern: RegExp;
  readonly #slotBytes: number;
  readonly #take: (slots: readonly Slot[]) => void;
  readonly #open = new Map<
    string,
    { readonly reader: SlotRingReader; readonly instance: number }
  >();
  readonly #searchEvery: number;
  #turns = 0;
  #timer: Timer | undefined;

  constructor(
    options: StrategyFeedOptions,
    kind: 'signal' | 'factor',
    slotBytes: number,
    take: (slots: readonly Slot[]) => void,
  ) {
    this.#options = options;
    this.#pattern = new RegExp(`^${kind}-(\\d+)-\\d+\\.ring$`);
    this.#slotBytes = slotBytes;
    this.#take = take;
    this.#searchEvery = Math.ceil(searchMs / Math.max(1, options.flushMs));
    this.#search('tail');
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
    for (const { reader } of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #arm(): void {
    const { clock, flushMs } = this.#options;
    this.#timer = clock.setTimer(flushMs, () => {
      this.#turns += 1;
      if (this.#turns % this.#searchEvery === 0) this.#search('oldest');
      this.#poll();
      this.#arm();
    });
  }

  #poll(): void {
    const slots: Slot[] = [];
    for (const { reader, instance } of this.#open.values()) {
      const bytes = new Uint8Array(slotsPerPoll * this.#slotBytes);
      const count = reader.poll(bytes);
      const view = new DataView(bytes.buffer);
      for (let slot = 0; slot < count; slot += 1)
        slots.push({ view, at: slot * this.#slotBytes, instance });
    }
    if (slots.length > 0) this.#take(slots);
  }

  #search(from: 'oldest' | 'tail'): void {
    const names = new Set(listRings(this.#options.dir));
    for (const [name, { reader }] of this.#open) {
      if (names.has(name)) continue;
      // It is removed once its strategy ended: what was written last is read first.
      this.#poll();
      reader.close();
      this.#open.delete(name);
    }
    for (const name of names) {
      const instance = this.#pattern.exec(name)?.[1];
      if (instance === undefined || this.#open.has(name)) continue;
      try {
        const reader = openSlotRing(join(this.#options.dir, name), from);
        this.#open.set(name, { reader, instance: Number(instance) });
      } catch {
        // It is being made, or was removed just now.
      }
    }
  }
}

function listRings(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // No strategy was started yet.
  }
}

function signalAt(view: DataView, at: number, nameOf: NameOf): SignalView {
  const symbol = view.getUint32(at + SignalSlot.symbol, true);
  const limit = view.getBigInt64(at + SignalSlot.limitPrice, true);
  const orderType = view.getUint32(at + SignalSlot.orderType, true);
  return {
    instance: view.getUint32(at + SignalSlot.instance, true),
    ordinal: String(view.getBigUint64(at + SignalSlot.ordinal, true)),
    symbol,
    symbolName: nameOf(symbol),
    side: view.getInt32(at + SignalSlot.side, true) > 0 ? 'buy' : 'sell',
    orderType: OrderTypeNames[orderType] ?? String(orderType),
    quantity: moneyText(view.getBigInt64(at + SignalSlot.quantity, true)),
    limitPrice: limit === 0n ? null : moneyText(limit),
    validForMs: view.getUint32(at + SignalSlot.validForMs, true),
    time: readTime(view, at + SignalSlot.time),
    tickTime: readTime(view, at + SignalSlot.tickTime),
    shard: view.getUint32(at + SignalSlot.shard, true),
    epoch: Number(view.getBigUint64(at + SignalSlot.epoch, true)),
    sequence: Number(view.getBigUint64(at + SignalSlot.sequence, true)),
    factorValue: finite(view.getFloat64(at + SignalSlot.factorValue, true)),
  };
}

function factorAt(view: DataView, at: number, instance: number, nameOf: NameOf): FactorView {
  const symbol = view.getUint32(at + FactorSlot.symbol, true);
  return {
    instance,
    factor: view.getUint32(at + FactorSlot.factor, true),
    symbol,
    symbolName: nameOf(symbol),
    value: finite(view.getFloat64(at + FactorSlot.value, true)),
    price: view.getFloat64(at + FactorSlot.price, true),
    time: readTime(view, at + FactorSlot.time),
    shard: view.getUint32(at + FactorSlot.shard, true),
    epoch: Number(view.getBigUint64(at + FactorSlot.epoch, true)),
    sequence: Number(view.getBigUint64(at + FactorSlot.sequence, true)),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
