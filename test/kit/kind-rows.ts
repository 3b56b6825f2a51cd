// Rows of trades and books as readers noted them, whichever way they came, so that two readers can
// be compared.

import type { LiveBatch, Subscription } from '@ndts/storage';

export interface SeenKindRow {
  readonly symbol: string;
  readonly shard: number;
  readonly sequence: number;
  readonly nsOfDay: number;
  /** By column; texts only where the way has them. */
  readonly values: Readonly<Record<string, number | string | null>>;
}

/** Of a batch: these columns. */
export function seenRows(
  { rows }: LiveBatch,
  names: ReadonlyMap<number, string>,
  columns: readonly string[],
): SeenKindRow[] {
  return Array.from({ length: rows.count }, (_, row) => ({
    symbol: names.get(rows.symbol[row] ?? 0) ?? '',
    shard: rows.shard?.[row] ?? -1,
    sequence: rows.sequence[row] ?? -1,
    nsOfDay: rows.time(row).nsOfDay,
    values: Object.fromEntries(
      columns.map((name) => [name, rows.at(name, row) as number | string | null]),
    ),
  }));
}

/** Reads until so many rows came. */
export async function readKind(
  subscription: Subscription,
  names: ReadonlyMap<number, string>,
  columns: readonly string[],
  count: number,
): Promise<SeenKindRow[]> {
  const seen: SeenKindRow[] = [];
  for await (const batch of subscription) {
    seen.push(...seenRows(batch, names, columns));
    if (seen.length >= count) break;
  }
  return seen;
}

/** In the order of shard and sequence, each as one text. */
export function keysOf(rows: readonly SeenKindRow[]): string[] {
  return [...rows]
    .sort((one, other) => one.shard - other.shard || one.sequence - other.sequence)
    .map(({ symbol, shard, sequence, nsOfDay, values }) =>
      [shard, sequence, symbol, nsOfDay, ...Object.values(values)].join('|'),
    );
}
