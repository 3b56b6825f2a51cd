// What is behind a signal, out of the database: the tick that caused it, the values of stored
// factors at that tick with their versions, and the ticks these look at. Always: what is not there
// any more, or never was, is said, not guessed.

import {
  addNs,
  type CalcLineage,
  type CalcLineageRequest,
  createTickBatch,
  type FactorValueView,
  factorSchema,
  type LineageTick,
  NdtsError,
  type TickBatch,
  type Time,
  timeText,
} from '@ndts/protocol';
import { TableBatch } from '@ndts/storage';

export interface LineageDatabase {
  readonly shardCount: number;
  tables(): readonly { readonly id: number; readonly name: string }[];
  loadRows(table: number, symbol: number, from: Time, to: Time, batch: TableBatch): number;
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number;
}

/** Newest ticks behind a value that are shown, of how many rows of the shard that are read. */
const ticksMax = 1000;
const readRowsMax = 1 << 20;
const chunkRows = 4096;
const valuesMax = 1024;

/** INVALID_ARGUMENT: no place of a tick. */
export function answerLineage(
  database: LineageDatabase,
  strategy: string,
  request: unknown,
): CalcLineage {
  const { shard, epoch, sequence } = placeIn(database, request);
  const batch = createTickBatch(1);
  const count = database.readSequence(shard, sequence, batch);
  if (count === 0 || batch.sequence[0] !== sequence || batch.epoch[0] !== epoch)
    return { strategy, factors: [], ticks: [], missing: 'the tick is not in the database' };
  const symbol = batch.symbol[0]!;
  const time = { day: batch.day[0]!, nsOfDay: batch.nsOfDay[0]! };
  const factors = valuesAt(database, { strategy, symbol, time, epoch, sequence });
  const firsts = factors.map(({ firstSequence }) => Number(firstSequence ?? sequence));
  const ticks = ticksOf(database, {
    shard,
    symbol,
    first: Math.min(sequence, ...firsts),
    sequence,
  });
  const missing = factors.length > 0 ? '' : 'the strategy stored no factor of this tick';
  return { strategy, factors, ticks, missing };
}

function placeIn({ shardCount }: LineageDatabase, request: unknown) {
  const { shard, epoch, sequence } = (request ?? {}) as Partial<CalcLineageRequest>;
  const place = { shard: Number(shard), epoch: Number(epoch), sequence: Number(sequence) };
  const isWhole = Object.values(place).every((one) => Number.isSafeInteger(one) && one >= 0);
  if (isWhole && place.shard < shardCount) return place;
  throw new NdtsError('INVALID_ARGUMENT', 'expected shard, epoch and sequence of a tick');
}

interface WantedValues {
  readonly strategy: string;
  readonly symbol: number;
  readonly time: Time;
  readonly epoch: number;
  readonly sequence: number;
}

function valuesAt(database: LineageDatabase, wanted: WantedValues): FactorValueView[] {
  const table = database.tables().find(({ name }) => name === factorSchema.name);
  if (table === undefined) return [];
  const { strategy, symbol, time, epoch, sequence } = wanted;
  const rows = new TableBatch(factorSchema, valuesMax);
  database.loadRows(table.id, symbol, time, addNs(time, 1), rows);
  const found: FactorValueView[] = [];
  for (let row = 0; row < rows.count; row += 1) {
    const isOfTick =
      Number(rows.column('last_sequence')[row]) === sequence &&
      Number(rows.column('tick_epoch')[row]) === epoch;
    if (isOfTick && rows.text('strategy', row) === strategy) found.push(valueView(rows, row));
  }
  return found;
}

function valueView(rows: TableBatch, row: number): FactorValueView {
  const number = (name: string): number | null =>
    rows.isNull(name, row) ? null : rows.doubles(name)[row]!;
  const isOpen = rows.isNull('first_sequence', row);
  return {
    factor: rows.text('factor', row),
    version: Number(rows.column('version')[row]),
    value: number('value'),
    middle: number('middle'),
    upper: number('upper'),
    lower: number('lower'),
    firstSequence: isOpen ? null : String(rows.column('first_sequence')[row]),
    lastSequence: String(rows.column('last_sequence')[row]),
  };
}

interface Range {
  readonly shard: number;
  readonly symbol: number;
  readonly first: number;
  readonly sequence: number;
}

/** Ticks of the symbol, oldest first; of a long range the newest. */
function ticksOf(
  database: LineageDatabase,
  { shard, symbol, first, sequence }: Range,
): LineageTick[] {
  const batch = createTickBatch(chunkRows);
  let found: LineageTick[] = [];
  for (let at = Math.max(first, sequence - readRowsMax + 1); at <= sequence; ) {
    const count = database.readSequence(shard, at, batch);
    if (count === 0) break;
    for (let row = 0; row < count && batch.sequence[row]! <= sequence; row += 1)
      if (batch.symbol[row] === symbol) found.push(tickOf(batch, row));
    found = found.slice(-ticksMax);
    at = batch.sequence[count - 1]! + 1;
  }
  return found;
}

function tickOf(batch: TickBatch, row: number): LineageTick {
  return {
    epoch: String(batch.epoch[row]),
    sequence: String(batch.sequence[row]),
    symbol: batch.symbol[row]!,
    time: timeText({ day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! }),
    price: batch.price[row]!,
    volume: batch.volume[row]!,
    bid: batch.bid[row]!,
    ask: batch.ask[row]!,
  };
}
