// Factors over stored ticks, kept in the table `factor` as a strategy that runs live keeps its own:
// for ticks from before it began, or that it missed. Always: the rows are made by the code that
// makes them live; a tick whose row is there already gets no second one, so it may be run again,
// and beside the live strategy.

import { factorSchema, FactorSlot, NdtsError, type TickBatch, type Time } from '@ndts/protocol';
import type { NDTSClient } from '@ndts/storage';
import {
  type HistoryRange,
  type HistorySymbol,
  historySymbols,
  HistoryTicks,
} from '../backtest/history-ticks.js';
import { batchRows } from '../backtest/tape.js';
import { type FactorDeclarations, storedFactors } from './declare.js';
import { FactorPlan, type PlannedFactor } from './factor-plan.js';
import { FactorRows, FactorRowWriter } from './factor-rows.js';
import { FactorTableRows } from './factor-table-rows.js';
import { WarmSymbols } from './warm-symbols.js';

export interface StoreHistoryOptions {
  /** Whose rows they are: the name of the instance. */
  readonly strategy: string;
  /** Those with `store` are kept; INVALID_ARGUMENT where there are none. */
  readonly factors: FactorDeclarations;
  readonly range: Omit<HistoryRange, 'warmUpFrom'>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (ticks: number) => void;
}

export interface StoredHistory {
  readonly ticks: number;
  readonly stored: number;
  /** Rows that were there before. */
  readonly known: number;
}

/** Sequences of ticks whose rows are in the table. What was written in the place of a lost tick has
 * its sequence, and a higher epoch. */
class KnownTicks {
  readonly #byStretch = new Map<number, Set<number>>();

  static async of(
    client: NDTSClient,
    strategy: string,
    factor: string,
    version: number,
  ): Promise<KnownTicks> {
    const known = new KnownTicks();
    const sql =
      'SELECT tick_shard, tick_epoch, last_sequence FROM factor ' +
      'WHERE strategy = $strategy AND factor = $factor AND version = $version';
    const result = await client.query(sql, { parameters: { strategy, factor, version } });
    for await (const batch of result)
      for (let at = 0; at < batch.rows; at += 1) {
        const { tick_shard: shard, tick_epoch: epoch, last_sequence: sequence } = batch.row(at);
        known.#add(stretchOf(Number(shard), Number(epoch)), Number(sequence));
      }
    return known;
  }

  has(shard: number, epoch: number, sequence: number): boolean {
    return this.#byStretch.get(stretchOf(shard, epoch))?.has(sequence) ?? false;
  }

  #add(stretch: number, sequence: number): void {
    const found = this.#byStretch.get(stretch);
    if (found === undefined) this.#byStretch.set(stretch, new Set([sequence]));
    else found.add(sequence);
  }
}

const shardsMax = 1024;

/** One number for both. */
function stretchOf(shard: number, epoch: number): number {
  return epoch * shardsMax + shard;
}

/** A replay does not tell epochs: of each shard where each began, ascending. */
class TickEpochs {
  readonly #byShard = new Map<number, { readonly epoch: number; first: number }[]>();

  static async of(client: NDTSClient, symbols: readonly HistorySymbol[]): Promise<TickEpochs> {
    const epochs = new TickEpochs();
    const shards = new Map(symbols.map(({ name, shard }) => [name, shard]));
    const sql = 'SELECT symbol, epoch, min(sequence) AS first FROM tick GROUP BY ALL';
    for (const { symbol, epoch, first } of await (await client.query(sql)).rows()) {
      const shard = typeof symbol === 'string' ? shards.get(symbol) : undefined;
      if (shard !== undefined) epochs.#note(shard, Number(epoch), Number(first));
    }
    for (const list of epochs.#byShard.values()) list.sort((a, b) => a.first - b.first);
    return epochs;
  }

  of(shard: number, sequence: number): number {
    return this.#byShard.get(shard)?.findLast(({ first }) => first <= sequence)?.epoch ?? 0;
  }

  #note(shard: number, epoch: number, first: number): void {
    const list = this.#byShard.get(shard) ?? [];
    this.#byShard.set(shard, list);
    const found = list.find((one) => one.epoch === epoch);
    if (found === undefined) list.push({ epoch, first });
    else found.first = Math.min(found.first, first);
  }
}

/** Throws NOT_FOUND of symbols, and what the signal was aborted with. */
export async function storeFactorHistory(
  client: NDTSClient,
  options: StoreHistoryOptions,
): Promise<StoredHistory> {
  const { strategy, factors, range, signal } = options;
  const stored = storedFactors(factors);
  if (stored.length === 0)
    throw new NdtsError('INVALID_ARGUMENT', `${strategy} declares no factor with store: true`);
  await client.createTable(factorSchema);
  const symbols = await historySymbols(client, range);
  const epochs = await TickEpochs.of(client, symbols);
  const names = Object.keys(factors);
  const known = new Map<number, KnownTicks>();
  for (const { factor, version } of stored)
    known.set(factor, await KnownTicks.of(client, strategy, names[factor - 1] ?? '', version));
  const plan = new FactorPlan(factors, batchRows);
  const table = new FactorTableRows(strategy, names, stored, batchRows);
  const rows = new HistoryRows(plan, table, known, range.from);
  try {
    for await (const { batch } of new HistoryTicks(client, range, symbols, signal).batches()) {
      for (let row = 0; row < batch.count; row += 1)
        batch.epoch[row] = epochs.of(batch.shard[row]!, batch.sequence[row]!);
      await rows.store(batch, client);
      options.onProgress?.(rows.ticks);
    }
  } finally {
    plan.close();
  }
  return { ticks: rows.ticks, stored: rows.stored, known: rows.known };
}

class HistoryRows {
  ticks = 0;
  stored = 0;
  known = 0;
  readonly #plan: FactorPlan;
  readonly #table: FactorTableRows;
  readonly #known: ReadonlyMap<number, KnownTicks>;
  readonly #warm: ReadonlyMap<number, WarmSymbols> | undefined;
  readonly #slots = new FactorRows(batchRows);
  readonly #writer: FactorRowWriter;

  /** `from`: there are ticks before, so that what is not warm yet is no value. */
  constructor(
    plan: FactorPlan,
    table: FactorTableRows,
    known: ReadonlyMap<number, KnownTicks>,
    from: Time | undefined,
  ) {
    this.#plan = plan;
    this.#table = table;
    this.#known = known;
    if (from !== undefined)
      this.#warm = new Map(plan.factors.map(({ id, reach }) => [id, new WarmSymbols(reach, from)]));
    const publish = (slots: Uint8Array, count: number): void =>
      this.#slots.bytes.set(slots.subarray(0, count * FactorSlot.sizeBytes));
    this.#writer = new FactorRowWriter({ publish, close: () => {} }, batchRows);
  }

  async store(batch: TickBatch, client: NDTSClient): Promise<void> {
    this.ticks += batch.count;
    this.#plan.compute(batch);
    for (const factor of this.#plan.factors) {
      const known = this.#known.get(factor.id);
      if (known === undefined) continue;
      this.#fill(batch, factor, known);
      const { batch: rows } = this.#table;
      if (rows.count > 0) await client.insert(factorSchema.name, rows);
      this.stored += rows.count;
      rows.clear();
    }
  }

  #fill(batch: TickBatch, factor: PlannedFactor, known: KnownTicks): void {
    this.#writer.publish(batch, factor.id, factor.cursor.columns, factor.firsts);
    const warm = this.#warm?.get(factor.id);
    for (let row = 0; row < batch.count; row += 1) {
      const isWarm = warm?.add(batch, row) ?? true;
      if (warm !== undefined && (!isWarm || Number.isNaN(factor.firsts![row]!))) continue;
      const isKnown = known.has(batch.shard[row]!, batch.epoch[row]!, batch.sequence[row]!);
      if (isKnown) this.known += 1;
      else this.#table.add(this.#slots, row);
    }
  }
}
