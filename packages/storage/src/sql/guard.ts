// What a query may ask for: statements that read, tables of the database and of the catalog,
// functions that only compute. The engine below has no file system, no extensions and locked
// settings; this says no earlier, with the place, and keeps the machine's own facts (settings,
// paths, logs) out of reach.
//
// Always: what is not known to be harmless is refused: table functions are a list of what is
// allowed.

import { SqlError, type SqlPosition } from './sql-error.js';
import { isSign, isWord, type Token } from './tokens.js';
import { byteOffsetOf, nodeIn, type TreeNode, textIn, walk } from './tree.js';

const firstWords = new Set([
  'select',
  'with',
  'values',
  'from',
  'table',
  'explain',
  'describe',
  'desc',
  'show',
  'summarize',
  'pivot',
  'unpivot',
]);

const tableFunctions = new Set([
  'unnest',
  'range',
  'generate_series',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
  'histogram',
  'histogram_values',
  'summary',
  'duckdb_tables',
  'duckdb_columns',
  'duckdb_views',
  'duckdb_functions',
  'duckdb_types',
  'duckdb_keywords',
  'pragma_table_info',
  'pg_timezone_names',
  'icu_calendar_names',
]);

const refusedFunctions = new Set([
  'current_setting',
  'getenv',
  'getvariable',
  'write_log',
  'sleep_ms',
  'nextval',
  'currval',
]);

const refusedTables = new Set([
  'pg_settings',
  'duckdb_logs',
  'duckdb_settings',
  'duckdb_secrets',
  'pragma_database_list',
]);

/** Before anything of it is run. Returns where the statement that is to be read begins: behind
 * EXPLAIN. */
export function checkStart(text: string, tokens: readonly Token[]): number {
  const first = tokens[0];
  if (first === undefined) throw new SqlError('expected a statement, found nothing');
  if (!isSign(first, '(') && !firstWords.has(first.text.toLowerCase()))
    throw SqlError.at(
      text,
      first.start,
      `expected a statement that reads (SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES), ` +
        `found ${first.text}`,
    );
  checkEnd(text, tokens);
  return isWord(first, 'explain') ? endOfExplain(text, tokens) : first.start;
}

/** One statement: behind its semicolon there is nothing. */
function checkEnd(text: string, tokens: readonly Token[]): void {
  const end = tokens.findIndex((token) => isSign(token, ';'));
  const behind = end < 0 ? undefined : tokens.slice(end).find((token) => !isSign(token, ';'));
  if (behind !== undefined)
    throw SqlError.at(text, behind.start, `expected one statement, found more: ${behind.text}`);
}

function endOfExplain(text: string, tokens: readonly Token[]): number {
  let at = isWord(tokens[1], 'analyze') ? 2 : 1;
  if (isSign(tokens[at], '(') && !startsQuery(tokens[at + 1])) {
    while (at < tokens.length && !isSign(tokens[at], ')')) at += 1;
    at += 1;
  }
  const inner = tokens[at];
  if (inner !== undefined && (isSign(inner, '(') || startsQuery(inner))) return inner.start;
  throw SqlError.at(
    text,
    inner?.start ?? text.length,
    'expected a statement that reads behind EXPLAIN',
  );
}

function startsQuery(token: Token | undefined): boolean {
  const words = ['select', 'with', 'values', 'from', 'table', 'pivot', 'unpivot'];
  return words.some((word) => isWord(token, word));
}

/** @param place from a byte of the tree's text to where it is in the user's */
export function checkTree(tree: TreeNode, place: (byte: number) => SqlPosition): void {
  for (const node of walk(tree)) {
    const refused = refusalOf(node);
    if (refused === undefined) continue;
    const byte = byteOffsetOf(node);
    throw new SqlError(refused, byte === undefined ? undefined : place(byte));
  }
}

function refusalOf(node: TreeNode): string | undefined {
  switch (textIn(node, 'type')) {
    case 'TABLE_FUNCTION': {
      const called = nodeIn(node, 'function');
      const name = called === undefined ? '' : textIn(called, 'function_name').toLowerCase();
      return tableFunctions.has(name) ? undefined : `the table function ${name} is not allowed`;
    }
    case 'FUNCTION': {
      const name = textIn(node, 'function_name').toLowerCase();
      return refusedFunctions.has(name) ? `the function ${name} is not allowed` : undefined;
    }
    case 'BASE_TABLE': {
      const name = textIn(node, 'table_name').toLowerCase();
      return refusedTables.has(name) ? `the table ${name} is not allowed` : undefined;
    }
    case 'SHOW_REF':
      return showRefusal(node);
    default:
      return undefined;
  }
}

function showRefusal(node: TreeNode): string | undefined {
  if (nodeIn(node, 'query') !== undefined) return undefined;
  const name = textIn(node, 'table_name').replaceAll('"', '').toLowerCase();
  if (textIn(node, 'show_type') !== 'SHOW_UNQUALIFIED') return undefined;
  return name === 'tables' ? undefined : `SHOW ${name} is not allowed: SHOW TABLES is`;
}
