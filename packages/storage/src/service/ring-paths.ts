// The files of the rings of a node, by the table of their rows.

import { tickSchema } from '@ndts/protocol';
import { list, text, whole } from './arguments.js';

/** By table, then by shard. */
export type RingPaths = Readonly<Record<string, readonly string[]>>;

/** None where there are no such rings. @param table as it was asked for; undefined: ticks
 * @param shards as they were asked for; undefined: all */
export function ringsOf(rings: RingPaths, table: unknown, shards?: unknown): readonly string[] {
  const name = text(table ?? tickSchema.name, 'table');
  const all = Object.hasOwn(rings, name) ? (rings[name] ?? []) : [];
  if (shards === undefined || all.length === 0) return all;
  return list(shards, 'shards', (one) => all[whole(one, 'shard', 0, all.length - 1)] ?? '');
}
