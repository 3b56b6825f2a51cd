// Aggregates as TypeScript asks for them, and what the binding is handed instead: places of columns
// and numbers of kinds. docs/scan.md defines every aggregate.

import { NdtsError, type TableSchema, type Time } from '@ndts/protocol';

const kinds = [
  'rows',
  'count',
  'sum',
  'min',
  'max',
  'first',
  'last',
  'average',
  'deviation',
  'vwap',
] as const;
const compares = ['<', '<=', '=', '>=', '>', 'between'] as const;

export type AggregateKind = (typeof kinds)[number];

export interface Aggregate {
  readonly kind: AggregateKind;
  /** Every kind but `rows` has one. */
  readonly column?: string;
  /** Of vwap: the volumes. */
  readonly weight?: string;
}

/** Columns of numbers, bools and symbols; i64 with bigint or a whole number. */
export interface ScanPredicate {
  readonly column: string;
  readonly compare: (typeof compares)[number];
  readonly value: number | bigint;
  /** Of between, inclusive. */
  readonly high?: number | bigint;
}

export interface AggregateQuery {
  /** Default: ticks. */
  readonly table?: number;
  /** Default: all. */
  readonly symbols?: Iterable<number>;
  /** Default: from the first row on, to the last; `to` is exclusive. */
  readonly from?: Time;
  readonly to?: Time;
  /** All must hold. */
  readonly where?: readonly ScanPredicate[];
  /** By the names that the results get. */
  readonly aggregates: Readonly<Record<string, Aggregate>>;
  readonly bySymbol?: boolean;
  /** By time, too. */
  readonly bucketNs?: number;
  /** Where a bucket begins; default: 1970-01-01. */
  readonly bucketOrigin?: Time;
  /** How many threads may work on it; default 1. */
  readonly threads?: number;
}

/** A value for each group, by (symbol, bucket). The arrays are the caller's. */
export interface AggregateResult {
  readonly count: number;
  /** Empty unless by symbol. */
  readonly symbol: Uint32Array;
  /** Where buckets begin; empty unless by time. */
  readonly bucketDay: Float64Array;
  readonly bucketNsOfDay: Float64Array;
  /** BigInt64Array for min, max, first and last of i64 columns. */
  readonly values: Readonly<Record<string, Float64Array | BigInt64Array>>;
  /** 1 where there was nothing to make the value of. */
  readonly nulls: Readonly<Record<string, Uint8Array>>;
  readonly rowsRead: number;
  /** Blocks and parts of memtables, and how many of them were answered without decoding. */
  readonly pieces: number;
  readonly piecesNotDecoded: number;
}

export interface NativeQuery {
  readonly table: number;
  readonly symbols: Uint32Array | undefined;
  readonly fromDay: number;
  readonly fromNs: number;
  readonly toDay: number;
  readonly toNs: number;
  readonly where: readonly (readonly [number, number, number | bigint, number | bigint])[];
  readonly kinds: readonly number[];
  readonly columns: readonly number[];
  readonly weights: readonly number[];
  readonly bySymbol: boolean;
  readonly bucketNs: number;
  readonly originDay: number;
  readonly originNs: number;
  readonly threads: number;
}

export interface NativeResult extends Omit<AggregateResult, 'values' | 'nulls'> {
  readonly values: (Float64Array | BigInt64Array)[];
  readonly nulls: Uint8Array[];
}

// Beyond what int64 nanoseconds reach: the engine takes them for its ends.
const always = { from: { day: -200_000, nsOfDay: 0 }, to: { day: 200_000, nsOfDay: 0 } };
const epoch: Time = { day: 0, nsOfDay: 0 };

function placeOf(schema: TableSchema, name: string | undefined, what: string): number {
  const place = schema.columns.findIndex((column) => column.name === name);
  if (place >= 0) return place;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `${what}: table ${schema.name} has no column ${name ?? '(none was given)'}`,
  );
}

function numberOf(known: readonly string[], word: string): number {
  const found = known.indexOf(word);
  if (found >= 0) return found;
  throw new NdtsError('INVALID_ARGUMENT', `expected ${known.join(', ')}; found ${word}`);
}

export function nativeQuery(
  query: AggregateQuery,
  table: number,
  schema: TableSchema,
): NativeQuery {
  const wanted = Object.entries(query.aggregates);
  const from = query.from ?? always.from;
  const to = query.to ?? always.to;
  const origin = query.bucketOrigin ?? epoch;
  return {
    table,
    symbols: query.symbols === undefined ? undefined : Uint32Array.from(query.symbols),
    fromDay: from.day,
    fromNs: from.nsOfDay,
    toDay: to.day,
    toNs: to.nsOfDay,
    where: (query.where ?? []).map((one) => [
      placeOf(schema, one.column, 'where'),
      numberOf(compares, one.compare),
      one.value,
      one.high ?? one.value,
    ]),
    kinds: wanted.map(([, one]) => numberOf(kinds, one.kind)),
    columns: wanted.map(([name, one]) =>
      one.kind === 'rows' ? 0 : placeOf(schema, one.column, name),
    ),
    weights: wanted.map(([name, one]) =>
      one.kind === 'vwap' ? placeOf(schema, one.weight, name) : 0,
    ),
    bySymbol: query.bySymbol ?? false,
    bucketNs: query.bucketNs ?? 0,
    originDay: origin.day,
    originNs: origin.nsOfDay,
    threads: query.threads ?? 1,
  };
}

export function aggregateResult(query: AggregateQuery, found: NativeResult): AggregateResult {
  const names = Object.keys(query.aggregates);
  const named = <T>(arrays: readonly T[]): Record<string, T> =>
    Object.fromEntries(arrays.map((array, index) => [names[index] ?? '', array]));
  return { ...found, values: named(found.values), nulls: named(found.nulls) };
}
