// A process that reads as a consumer and acknowledges what it has read, some batches late; told of
// to its parent row by row. Waits to be killed.
//
//   node consumer-process.js WAY      WAY: ConsumerWay as JSON
//
// Sends
//   { begins: [[shard, sequence], ...] }       it begins behind what was acknowledged last, as each
//                                              connection of a stream does
//   { rows: [[shard, sequence, price], ...] }  a batch
//   { lost: [[shard, sequence], ...] }         rows from there on are void
//   { acked: [[shard, sequence], ...] }        a position is kept

import { NDTSClient } from '@ndts/storage';
import { columnOf, type KindOfRows } from './kind-column.js';
import { smallSettings } from './small-settings.js';
import { StreamReader } from './stream-reader.js';

/** How it reaches who has the folder open. */
export type ConsumerWay =
  | { readonly through: 'folder'; readonly name: string; readonly dataDir: string }
  | {
      /** rings: these are pulled, and read from mirrors here. */
      readonly through: 'remote' | 'rings' | 'stream';
      readonly name: string;
      /** Default: ticks. */
      readonly table?: KindOfRows;
      /** `host:port` */
      readonly address: string;
      readonly token: string;
    };

export interface ConsumerMessage {
  readonly rows?: readonly (readonly [shard: number, sequence: number, price: number])[];
  readonly lost?: readonly (readonly [shard: number, sequence: number])[];
  readonly begins?: readonly (readonly [shard: number, sequence: number])[];
  readonly acked?: readonly (readonly [shard: number, sequence: number])[];
}

const way = JSON.parse(process.argv[2] ?? '') as ConsumerWay;
process.on('disconnect', () => process.exit(0));

function tell(message: ConsumerMessage): void {
  process.send?.(message);
}

if (way.through === 'stream')
  new StreamReader({
    address: way.address,
    token: way.token,
    kind: way.table ?? 'tick',
    column: columnOf(way.table ?? 'tick'),
    consumer: way.name,
    onRows: (rows) =>
      tell({ rows: rows.map(({ shard, sequence, price }) => [shard, sequence, price]) }),
    onBegin: (positions) => tell({ begins: placesOf(positions) }),
    onVoid: ({ shard, last }) => tell({ lost: [[shard, last.sequence]] }),
    onAck: (positions) => tell({ acked: placesOf(positions) }),
    silentMs: 20_000,
  });
else await readAsClient(way);

function placesOf(
  positions: readonly (readonly [shard: number, epoch: number, sequence: number])[],
): (readonly [number, number])[] {
  return positions.map(([shard, , sequence]) => [shard, sequence]);
}

function listPlaces(sequences: Iterable<number>): (readonly [number, number])[] {
  return [...sequences].map((sequence, shard) => [shard, sequence]);
}

function openClient(from: Exclude<ConsumerWay, { through: 'stream' }>): NDTSClient {
  // As long as a node may need to come back.
  const openTimeoutMs = 300_000;
  if (from.through !== 'folder') {
    const { address, token } = from;
    return new NDTSClient({ mode: 'distributed', nodes: [address], token, openTimeoutMs });
  }
  const { dataDir } = from;
  const settings = smallSettings;
  return new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'connect', openTimeoutMs });
}

async function readAsClient(from: Exclude<ConsumerWay, { through: 'stream' }>): Promise<void> {
  const table = from.through === 'folder' ? 'tick' : (from.table ?? 'tick');
  const subscription = openClient(from).subscribe(undefined, {
    table,
    consumer: from.name,
    from: 'oldest',
    batch: from.through === 'folder' ? 20 : 200,
    ...(from.through === 'rings' ? { ring: 'sleep' } : {}),
  });
  tell({ begins: listPlaces((await subscription.from()).sequence) });
  let batches = 0;
  for await (const { rows, next, voids } of subscription) {
    if (voids.length > 0) tell({ lost: voids.map(({ shard, last }) => [shard, last.sequence]) });
    const prices = rows.doubles(columnOf(table));
    const seen = Array.from(
      rows.sequence,
      (sequence, row) => [rows.shard?.[row] ?? -1, sequence, prices[row] ?? -1] as const,
    );
    tell({ rows: seen });
    batches += 1;
    if (batches % 3 !== 0) continue;
    try {
      await subscription.ack(next);
    } catch (error) {
      // Nobody has the folder open right now; what comes next is acknowledged.
      if ((error as { code?: string }).code !== 'UNAVAILABLE') throw error;
      continue;
    }
    tell({ acked: listPlaces(next?.sequence ?? []) });
  }
}
