// Which times of which tables a statement reads, exactly as its WHERE says: of what is not
// understood all times. Who asks for days that are not there is told by it.

import { nsPerDay, type Time } from '@ndts/protocol';
import type { Bound } from './push-down.js';
import { type TreeNode, textIn, walk } from './tree.js';

export interface TableRead {
  /** Its id. */
  readonly table: number;
  /** Inclusive; absent: from the first row. */
  readonly from?: Time;
  /** Exclusive; absent: to the last. */
  readonly to?: Time;
}

export function rangeOf(bounds: readonly Bound[]): Omit<TableRead, 'table'> {
  let from: bigint | undefined;
  let to: bigint | undefined;
  for (const { low, high, below } of bounds) {
    if (low !== undefined && (from === undefined || low > from)) from = low;
    const end = high === undefined || below ? high : high + 1n;
    if (end !== undefined && (to === undefined || end < to)) to = end;
  }
  return {
    ...(from === undefined ? {} : { from: timeOf(from) }),
    ...(to === undefined ? {} : { to: timeOf(to) }),
  };
}

/** Tables of the statement that are not among those whose conditions were looked at. */
export function otherReads(
  tree: TreeNode,
  tables: ReadonlyMap<string, number>,
  seen: ReadonlySet<TreeNode>,
): TableRead[] {
  const reads: TableRead[] = [];
  for (const node of walk(tree)) {
    if (textIn(node, 'type') !== 'BASE_TABLE' || seen.has(node)) continue;
    const schema = textIn(node, 'schema_name').toLowerCase();
    const table = tables.get(textIn(node, 'table_name').toLowerCase());
    if (table !== undefined && (schema === '' || schema === 'main')) reads.push({ table });
  }
  return reads;
}

function timeOf(ns: bigint): Time {
  const perDay = BigInt(nsPerDay);
  const rest = ((ns % perDay) + perDay) % perDay;
  return { day: Number((ns - rest) / perDay), nsOfDay: Number(rest) };
}
