// Finds in the WHERE of a statement which times and symbols a table is asked for, and hands them to
// the scan. The WHERE stays where it is: a bound that is found only saves reading what it would
// drop, and what is not understood is not handed on.
//
// Always: a bound is wider than the condition it comes from, never narrower. A condition counts for
// a table only where every row of the result must meet it: AND of the WHERE of the very SELECT that
// reads the table, on a side of a join whose rows are looked at one by one (not the right side of
// ASOF, nor a side that an outer join may leave empty).

import type { InstantForm, SqlPrune } from '@ndts/native/sql';
import type { Edit } from './edits.js';
import { asksLatest } from './latest.js';
import { otherReads, rangeOf, type TableRead } from './table-reads.js';
import { nameOf, quoted, type Token } from './tokens.js';
import { byteOffsetOf, indexOfByte, nodeIn, nodesIn, type TreeNode, textIn, walk } from './tree.js';

/** A value of a condition, from the text or from a parameter. */
export type Literal =
  | { readonly kind: 'text'; readonly value: string; readonly form: InstantForm | 'plain' }
  | { readonly kind: 'time'; readonly ns: bigint };

export interface PushDownInput {
  /** The text that the tree is of. */
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly tree: TreeNode;
  /** Ids by name in lower case; of tables that SQL can tell apart. */
  readonly tables: ReadonlyMap<string, number>;
  parameter(identifier: string): Literal | undefined;
  /** Of a parameter that is a list of texts. */
  texts(identifier: string): readonly string[] | undefined;
  instant(form: InstantForm, text: string): Promise<bigint | undefined>;
}

export interface PushDown {
  readonly edits: readonly Edit[];
  readonly prunes: readonly SqlPrune[];
  readonly reads: readonly TableRead[];
}

interface TableUse {
  readonly name: string;
  readonly alias: string;
  readonly node: TreeNode;
}

export interface Condition {
  readonly alias: string | undefined;
  readonly column: 'time' | 'symbol';
  readonly low?: Literal;
  readonly high?: Literal;
  /** Less than `high`, not equal to it. */
  readonly below?: boolean;
  readonly among?: readonly string[];
}

/** What a condition says, in nanoseconds; undefined: nothing, or what is no instant. */
export interface Bound {
  readonly low: bigint | undefined;
  readonly high: bigint | undefined;
  readonly below: boolean;
  readonly among: readonly string[] | undefined;
}

/** A cast between precisions may round; a second is more than any of them. */
const slackNs = 1_000_000_000n;
const leastNs = -(2n ** 63n);
const mostNs = 2n ** 63n - 1n;

export async function findPushDown(input: PushDownInput): Promise<PushDown> {
  const shadowed = new Set(cteNames(input.tree));
  const edits: Edit[] = [];
  const prunes: SqlPrune[] = [];
  const reads: TableRead[] = [];
  const seen = new Set<TreeNode>();
  for (const select of walk(input.tree)) {
    if (textIn(select, 'type') !== 'SELECT_NODE') continue;
    const from = nodeIn(select, 'from_table');
    if (from === undefined) continue;
    const where = nodeIn(select, 'where_clause');
    const uses = tableUses(from, true);
    const parts = where === undefined ? [] : conjuncts(where);
    const conditions = parts.flatMap((node) => conditionOf(node, input));
    const latest =
      uses.count === 1 &&
      asksLatest(select, parts, {
        conditionsOf: (part) => conditionOf(part, input),
        columnOf,
      });
    for (const use of uses.pushable) {
      const table = input.tables.get(use.name);
      if (table === undefined || shadowed.has(use.name)) continue;
      const alone = uses.count === 1;
      const meant = conditions.filter(
        ({ alias }) => alias === use.alias || (alone && alias === undefined),
      );
      const bounds = await boundsOf(meant, input);
      const range = rangeOf(bounds);
      seen.add(use.node);
      // The newest row of each symbol is the newest that the database has.
      if (!latest || range.from !== undefined) reads.push({ table, ...range });
      const prune = pruneOf(bounds, latest);
      const edit = prune && editOf(use, table, prunes.length, input);
      if (prune === undefined || edit === undefined) continue;
      edits.push(edit);
      prunes.push(prune);
    }
  }
  return { edits, prunes, reads: [...reads, ...otherReads(input.tree, input.tables, seen)] };
}

function cteNames(tree: TreeNode): string[] {
  const names: string[] = [];
  for (const node of walk(tree)) {
    const map = nodeIn(node, 'cte_map');
    if (map !== undefined) for (const one of nodesIn(map, 'map')) names.push(textIn(one, 'key'));
    // Recursive ones are nodes of their own.
    const recursive = textIn(node, 'cte_name') || textIn(node, 'ctename');
    if (recursive !== '') names.push(recursive);
  }
  return names.map((name) => name.toLowerCase());
}

/** Tables of a FROM whose rows a condition may be tried on before the joins; how many things there
 * are in it at all. */
function tableUses(from: TreeNode, pushable: boolean): { count: number; pushable: TableUse[] } {
  const type = textIn(from, 'type');
  if (type === 'BASE_TABLE') {
    const schema = textIn(from, 'schema_name').toLowerCase();
    const name = textIn(from, 'table_name').toLowerCase();
    const plain =
      pushable &&
      (schema === '' || schema === 'main') &&
      textIn(from, 'catalog_name') === '' &&
      nodeIn(from, 'sample') === undefined &&
      nodeIn(from, 'at_clause') === undefined &&
      !hasEntries(from['column_name_alias']);
    if (!plain) return { count: 1, pushable: [] };
    const alias = (textIn(from, 'alias') || name).toLowerCase();
    return { count: 1, pushable: [{ name, alias, node: from }] };
  }
  if (type !== 'JOIN') return { count: 1, pushable: [] };
  const left = nodeIn(from, 'left');
  const right = nodeIn(from, 'right');
  if (left === undefined || right === undefined) return { count: 2, pushable: [] };
  const sides = joinSides(from, right);
  const a = tableUses(left, pushable && sides.left);
  const b = tableUses(right, pushable && sides.right);
  return { count: a.count + b.count, pushable: [...a.pushable, ...b.pushable] };
}

function joinSides(join: TreeNode, right: TreeNode): { left: boolean; right: boolean } {
  const kind = textIn(join, 'ref_type');
  const type = textIn(join, 'join_type');
  const known = (type === 'INNER' || type === 'LEFT') && textIn(right, 'type') === 'BASE_TABLE';
  if (!known) return { left: false, right: false };
  if (kind === 'ASOF') return { left: true, right: false };
  if (kind !== 'REGULAR' && kind !== 'CROSS') return { left: false, right: false };
  return { left: true, right: type === 'INNER' };
}

function hasEntries(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function conjuncts(node: TreeNode): TreeNode[] {
  if (textIn(node, 'type') !== 'CONJUNCTION_AND') return [node];
  return nodesIn(node, 'children').flatMap(conjuncts);
}

export type Column = Pick<Condition, 'alias' | 'column'>;

function columnOf(node: TreeNode | undefined): Column | undefined {
  if (node === undefined || textIn(node, 'class') !== 'COLUMN_REF') return undefined;
  const names = node['column_names'];
  if (!Array.isArray(names) || names.length > 2) return undefined;
  const words = names.map((name) => String(name).toLowerCase());
  const column = words.at(-1);
  if (column !== 'time' && column !== 'symbol') return undefined;
  return { alias: words.length === 2 ? words[0] : undefined, column };
}

const casts: Readonly<Record<string, InstantForm>> = {
  TIMESTAMP: 'TIMESTAMP',
  TIMESTAMP_NS: 'TIMESTAMP_NS',
  DATE: 'DATE',
};

function literalOf(node: TreeNode | undefined, input: PushDownInput): Literal | undefined {
  if (node === undefined) return undefined;
  if (textIn(node, 'class') === 'PARAMETER') return input.parameter(textIn(node, 'identifier'));
  if (textIn(node, 'class') === 'CAST') {
    const to = nodeIn(node, 'cast_type');
    const form = to === undefined ? undefined : casts[textIn(to, 'id')];
    const text = textOf(nodeIn(node, 'child'));
    return form === undefined || text === undefined
      ? undefined
      : { kind: 'text', value: text, form };
  }
  const text = textOf(node);
  return text === undefined ? undefined : { kind: 'text', value: text, form: 'plain' };
}

function textOf(node: TreeNode | undefined): string | undefined {
  if (node === undefined || textIn(node, 'class') !== 'CONSTANT') return undefined;
  const value = nodeIn(node, 'value');
  const type = value && nodeIn(value, 'type');
  if (value === undefined || type === undefined || textIn(type, 'id') !== 'VARCHAR')
    return undefined;
  const text = value['value'];
  return typeof text === 'string' ? text : undefined;
}

const mirrored: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: 'COMPARE_EQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
};

/** What a condition says about one column; nothing when it is not understood. */
function conditionOf(node: TreeNode, input: PushDownInput): Condition[] {
  switch (textIn(node, 'class')) {
    case 'COMPARISON': {
      const left = columnOf(nodeIn(node, 'left'));
      const type = textIn(node, 'type');
      if (left !== undefined) return compared(left, type, literalOf(nodeIn(node, 'right'), input));
      const right = columnOf(nodeIn(node, 'right'));
      if (right === undefined) return [];
      return compared(right, mirrored[type] ?? '', literalOf(nodeIn(node, 'left'), input));
    }
    case 'BETWEEN': {
      const column = columnOf(nodeIn(node, 'input'));
      if (column?.column !== 'time') return [];
      return [
        ...compared(column, 'COMPARE_GREATERTHAN', literalOf(nodeIn(node, 'lower'), input)),
        ...compared(column, 'COMPARE_LESSTHANOREQUALTO', literalOf(nodeIn(node, 'upper'), input)),
      ];
    }
    case 'OPERATOR':
      return textIn(node, 'type') === 'COMPARE_IN' ? amongOf(node, input) : [];
    case 'SUBQUERY':
      return anyOf(node, input);
    default:
      return [];
  }
}

function compared(column: Column, type: string, literal: Literal | undefined): Condition[] {
  if (literal === undefined) return [];
  if (column.column === 'symbol') {
    const isName = type === 'COMPARE_EQUAL' && literal.kind === 'text';
    return isName && literal.form === 'plain' ? [{ ...column, among: [literal.value] }] : [];
  }
  switch (type) {
    case 'COMPARE_EQUAL':
      return [{ ...column, low: literal, high: literal }];
    case 'COMPARE_LESSTHAN':
      return [{ ...column, high: literal, below: true }];
    case 'COMPARE_LESSTHANOREQUALTO':
      return [{ ...column, high: literal }];
    case 'COMPARE_GREATERTHAN':
    case 'COMPARE_GREATERTHANOREQUALTO':
      return [{ ...column, low: literal }];
    default:
      return [];
  }
}

/** symbol = ANY($1), which is read as ANY (SELECT unnest($1)). */
function anyOf(node: TreeNode, input: PushDownInput): Condition[] {
  const column = columnOf(nodeIn(node, 'child'));
  const isAny = textIn(node, 'subquery_type') === 'ANY';
  if (column?.column !== 'symbol' || !isAny || textIn(node, 'comparison_type') !== 'COMPARE_EQUAL')
    return [];
  const select = nodeIn(nodeIn(node, 'subquery') ?? {}, 'node') ?? {};
  const [call, ...others] = nodesIn(select, 'select_list');
  if (call === undefined || others.length > 0 || textIn(call, 'function_name') !== 'unnest')
    return [];
  // A condition within, or rows of its own, only leave more of them out.
  const [list, ...rest] = nodesIn(call, 'children');
  if (list === undefined || rest.length > 0 || textIn(list, 'class') !== 'PARAMETER') return [];
  const among = input.texts(textIn(list, 'identifier'));
  return among === undefined ? [] : [{ ...column, among }];
}

function amongOf(node: TreeNode, input: PushDownInput): Condition[] {
  const [first, ...others] = nodesIn(node, 'children');
  const column = columnOf(first);
  if (column?.column !== 'symbol') return [];
  const names: string[] = [];
  for (const other of others) {
    const literal = literalOf(other, input);
    if (literal?.kind !== 'text' || literal.form !== 'plain') return [];
    names.push(literal.value);
  }
  return [{ ...column, among: names }];
}

/** The engine reads each instant once. */
async function boundsOf(
  conditions: readonly Condition[],
  input: PushDownInput,
): Promise<readonly Bound[]> {
  const bounds: Bound[] = [];
  for (const { low, high, below = false, among } of conditions)
    bounds.push({
      low: low && (await nanoseconds(low, input)),
      high: high && (await nanoseconds(high, input)),
      below,
      among,
    });
  return bounds;
}

function pruneOf(bounds: readonly Bound[], latest: boolean): SqlPrune | undefined {
  let from = leastNs;
  let to = mostNs;
  let symbols: readonly string[] | undefined;
  for (const { among, high, low } of bounds) {
    if (low !== undefined && low - slackNs > from) from = low - slackNs;
    if (high !== undefined && high + slackNs < to) to = high + slackNs;
    if (among === undefined) continue;
    symbols = symbols === undefined ? among : symbols.filter((name) => among.includes(name));
  }
  if (from === leastNs && to === mostNs && symbols === undefined && !latest) return undefined;
  return {
    ...(latest ? { latest } : {}),
    ...(from === leastNs ? {} : { from: String(from) }),
    ...(to === mostNs ? {} : { to: String(to) }),
    ...(symbols === undefined ? {} : { symbols }),
  };
}

async function nanoseconds(literal: Literal, input: PushDownInput): Promise<bigint | undefined> {
  if (literal.kind === 'time') return literal.ns;
  return input.instant(literal.form === 'plain' ? 'TIMESTAMP_NS' : literal.form, literal.value);
}

/** Puts the scan in place of the table's name; undefined when the text is not what it should be. */
function editOf(
  use: TableUse,
  table: number,
  prune: number,
  input: PushDownInput,
): Edit | undefined {
  const byte = byteOffsetOf(use.node);
  if (byte === undefined) return undefined;
  const start = indexOfByte(input.text, byte);
  let at = input.tokens.findIndex((token) => token.start === start);
  if (at < 0) return undefined;
  if (textIn(use.node, 'schema_name') !== '') at += 2; // main . name
  const token = input.tokens[at];
  const name = nameOf(token);
  if (token === undefined || name?.toLowerCase() !== use.name) return undefined;
  const alias = textIn(use.node, 'alias') === '' ? ` AS ${quoted(name)}` : '';
  return { start, end: token.end, text: `ndts_scan(${table}, ${prune})${alias}` };
}
