// The files of the rings of a node, by the table of their rows.

import { tickSchema } from '@ndts/protocol';
import { text } from './arguments.js';

/** By table, then by shard. */
export type RingPaths = Readonly<Record<string, readonly string[]>>;

/** None where there are no such rings. @param table as it was asked for; undefined: ticks */
export function ringsOf(rings: RingPaths, table: unknown): readonly string[] {
  const name = text(table ?? tickSchema.name, 'table');
  return Object.hasOwn(rings, name) ? (rings[name] ?? []) : [];
}
