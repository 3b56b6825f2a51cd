// Whether a SELECT asks for the newest row of each symbol and nothing more, as LATEST ON is
// written: then only rows with the greatest time of their symbol need to be read.
//
// Always: no row that is older may have a part in the result: not by another window, not because a
// condition drops the newest, not by another column that is called time.

import type { Column, Condition } from './push-down.js';
import { nodeIn, nodesIn, type TreeNode, textIn, walk } from './tree.js';

export interface LatestInput {
  /** What a part of the WHERE says; nothing when it is not understood. */
  conditionsOf(part: TreeNode): readonly Condition[];
  columnOf(node: TreeNode | undefined): Column | undefined;
}

const hidden: ReadonlySet<string> = new Set(['time', 'symbol', 'sequence']);

/** @param parts of the WHERE, all of which must hold */
export function asksLatest(
  select: TreeNode,
  parts: readonly TreeNode[],
  input: LatestInput,
): boolean {
  const window = windowOf(nodeIn(select, 'qualify'));
  if (window === undefined) return false;
  const windows = [...walk(select)].filter((node) => textIn(node, 'class') === 'WINDOW');
  if (windows.length !== 1) return false;
  if (
    nodesIn(select, 'select_list').some((item) => hidden.has(textIn(item, 'alias').toLowerCase()))
  )
    return false;
  const [group, ...groups] = nodesIn(window, 'partitions');
  if (groups.length > 0 || input.columnOf(group)?.column !== 'symbol') return false;
  const [first, second, ...others] = nodesIn(window, 'orders');
  if (others.length > 0 || !isNewestFirst(first) || !isNewestFirst(second)) return false;
  const time = first && input.columnOf(nodeIn(first, 'expression'));
  if (time?.column !== 'time' || !isSequence(second)) return false;
  // A symbol is taken as a whole or not at all; a lower bound drops its newest row last.
  return parts.every((part) => {
    const conditions = input.conditionsOf(part);
    return conditions.length > 0 && conditions.every(({ high }) => high === undefined);
  });
}

/** row_number() OVER (...) = 1 */
function windowOf(qualify: TreeNode | undefined): TreeNode | undefined {
  if (qualify === undefined || textIn(qualify, 'type') !== 'COMPARE_EQUAL') return undefined;
  const window = nodeIn(qualify, 'left');
  const right = nodeIn(qualify, 'right');
  const one = right && nodeIn(right, 'value');
  if (window === undefined || one === undefined || one['value'] !== 1) return undefined;
  const isPlain =
    textIn(window, 'type') === 'WINDOW_ROW_NUMBER' &&
    nodeIn(window, 'filter_expr') === undefined &&
    window['distinct'] === false;
  return isPlain ? window : undefined;
}

function isNewestFirst(order: TreeNode | undefined): boolean {
  return order !== undefined && textIn(order, 'type') === 'DESCENDING';
}

function isSequence(order: TreeNode | undefined): boolean {
  const column = order && nodeIn(order, 'expression');
  if (column === undefined || textIn(column, 'class') !== 'COLUMN_REF') return false;
  const names = column['column_names'];
  return Array.isArray(names) && String(names.at(-1)).toLowerCase() === 'sequence';
}
