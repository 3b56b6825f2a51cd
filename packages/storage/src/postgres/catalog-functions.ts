// Functions about the server and its objects, as what they say here. A function that SQL has under
// the same name is not in the list.

import type { Edit } from '../sql/edits.js';
import { isSign, isWord, type Token } from '../sql/tokens.js';
import type { CatalogSession } from './catalog.js';
import { versionText } from './catalog-tables.js';
import { databaseName, schemaName } from './settings.js';

interface Found {
  readonly edits: readonly Edit[];
  readonly tables: readonly string[];
  /** The last place in the list of tokens that is done with. */
  readonly last: number;
  /** The last place that belongs to it. */
  readonly close: number;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Whatever the arguments are. */
const constants: Readonly<Record<string, (session: CatalogSession) => string>> = {
  version: (session) => quoted(versionText(session.version)),
  current_database: () => quoted(databaseName),
  current_schema: () => quoted(schemaName),
  pg_backend_pid: (session) => String(session.processId),
  pg_is_in_recovery: () => 'false',
  pg_is_wal_replay_paused: () => 'false',
  pg_relation_is_publishable: () => 'false',
  pg_get_userbyid: () => quoted(databaseName),
  pg_encoding_to_char: () => "'UTF8'",
  pg_client_encoding: () => "'UTF8'",
  inet_server_addr: () => 'NULL::VARCHAR',
  inet_server_port: () => 'NULL::INTEGER',
  inet_client_addr: () => 'NULL::VARCHAR',
  inet_client_port: () => 'NULL::INTEGER',
  txid_current: () => '0',
  pg_get_keywords: () =>
    '(SELECT keyword_name AS word, keyword_category AS catdesc FROM duckdb_keywords())',
};

const visible =
  'pg_table_is_visible pg_type_is_visible pg_function_is_visible pg_operator_is_visible ' +
  'has_table_privilege has_schema_privilege has_database_privilege has_column_privilege ' +
  'has_any_column_privilege has_function_privilege pg_has_role';

const unknown =
  'obj_description col_description shobj_description pg_get_expr pg_get_constraintdef ' +
  'pg_get_indexdef pg_get_viewdef pg_get_ruledef pg_get_triggerdef pg_get_functiondef ' +
  'pg_get_function_result pg_get_function_arguments pg_get_function_identity_arguments ' +
  'pg_get_serial_sequence pg_get_partkeydef pg_get_statisticsobjdef_columns ' +
  'pg_tablespace_location pg_relation_filepath';

const sizes =
  'pg_total_relation_size pg_relation_size pg_table_size pg_indexes_size pg_database_size';

const byName = new Map<string, (session: CatalogSession) => string>([
  ...Object.entries(constants),
  ...visible.split(' ').map((name) => [name, () => 'true'] as const),
  ...unknown.split(' ').map((name) => [name, () => 'NULL::VARCHAR'] as const),
  ['array_to_string', () => 'NULL::VARCHAR'],
  ...sizes.split(' ').map((name) => [name, () => 'NULL::BIGINT'] as const),
]);

/** Words that stand without parentheses. */
const words: Readonly<Record<string, (session: CatalogSession) => string>> = {
  current_user: (session) => quoted(session.user),
  session_user: (session) => quoted(session.user),
  current_role: (session) => quoted(session.user),
  current_catalog: () => quoted(databaseName),
  current_schema: () => quoted(schemaName),
};

/** Around their first argument. */
const wrapping: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
  format_type: ['(SELECT name FROM ndts_types t_ WHERE t_.oid = (', '))', ['ndts_types']],
  to_regclass: ['(SELECT oid FROM pg_class c_ WHERE c_.relname = (', '))', ['pg_class']],
  array_lower: ['(SELECT CASE WHEN len(l_) > 0 THEN 1 END FROM (SELECT (', ') AS l_))', []],
  array_upper: ['nullif(len(', '), 0)', []],
  parse_ident: ['string_split(', ", '.')", []],
  to_regtype: ['(SELECT oid FROM pg_type t_ WHERE t_.typname = (', '))', ['pg_type']],
  quote_ident: [
    `(SELECT CASE WHEN regexp_full_match(v_, '[a-z_][a-z0-9_$]*') THEN v_ ` +
      `ELSE '"' || replace(v_, '"', '""') || '"' END FROM (SELECT (`,
    ') AS v_))',
    [],
  ],
};

const special = new Set(['current_setting', 'set_config', 'current_schemas']);

/** What belongs to the parenthesis at a place in the list of tokens. */
export interface Brackets {
  /** Of what closes it; -1: nothing does. */
  readonly close: Int32Array;
  /** Of the first comma in it; -1: there is none. */
  readonly comma: Int32Array;
  /** Of the parenthesis around a place; -1: there is none. */
  readonly around: Int32Array;
}

/** In one pass: however deep a client nests, it costs no more than its text is long. */
export function bracketsOf(tokens: readonly Token[]): Brackets {
  const [close, comma, around] = [0, 1, 2].map(() => new Int32Array(tokens.length).fill(-1));
  const open: number[] = [];
  for (const [at, token] of tokens.entries()) {
    const inner = open.at(-1) ?? -1;
    around![at] = inner;
    if (isSign(token, '(') || isSign(token, '[')) open.push(at);
    else if (isSign(token, ')') || isSign(token, ']')) {
      if (inner >= 0) close![inner] = at;
      open.pop();
    } else if (inner >= 0 && comma![inner] === -1 && isSign(token, ',')) comma![inner] = at;
  }
  return { close: close!, comma: comma!, around: around! };
}

/** array_to_string(d.datacl, ...) and the like: the lists of the catalog are all empty. */
function isListOfCatalog(tokens: readonly Token[], at: number): boolean {
  const isColumn = tokens[at + 2]?.kind === 'word' && isSign(tokens[at + 3], '.');
  const next = tokens[at + 5];
  return isColumn && tokens[at + 4]?.kind === 'word' && (isSign(next, ',') || isSign(next, '|'));
}

export function isKnownFunction(
  name: string,
  tokens: readonly Token[],
  at: number,
  brackets: Brackets,
): boolean {
  if (tokens[at]?.kind !== 'word') return false;
  if (isSign(tokens[at + 1], '(')) {
    if (brackets.close[at + 1]! < 0) return false;
    if (name === 'array_to_string') return isListOfCatalog(tokens, at);
    return byName.has(name) || Object.hasOwn(wrapping, name) || special.has(name);
  }
  const before = tokens[at - 1];
  return Object.hasOwn(words, name) && !isWord(before, 'as') && !isSign(before, '.');
}

export function functionEdits(
  name: string,
  tokens: readonly Token[],
  at: number,
  brackets: Brackets,
  session: CatalogSession,
): Found {
  const { start } = tokens[at]!;
  if (!isSign(tokens[at + 1], '(')) {
    const edit = { start, end: tokens[at]!.end, text: words[name]!(session) };
    return { edits: [edit], tables: [], last: at, close: at };
  }
  const close = brackets.close[at + 1]!;
  const comma = brackets.comma[at + 1]!;
  const whole = (text: string): Found => ({
    edits: [{ start, end: tokens[close]!.end, text }],
    tables: [],
    last: close,
    close,
  });
  const constant = byName.get(name);
  if (constant !== undefined) return whole(constant(session));
  const wrap = wrapping[name];
  if (wrap === undefined) return whole(specialText(name, tokens.slice(at + 2, close), session));
  const [before, behind, tables] = wrap;
  const end = comma < 0 ? close : comma;
  const edits = [
    { start, end: tokens[at + 1]!.end, text: before },
    { start: tokens[end]!.start, end: tokens[close]!.end, text: behind },
  ];
  // The one argument is looked at as well, and one before a number; else it stays as it stands.
  const isNumber = end + 2 === close && tokens[end + 1]?.kind === 'number';
  return { edits, tables, last: comma < 0 || isNumber ? at + 1 : close, close };
}

function specialText(name: string, given: readonly Token[], session: CatalogSession): string {
  if (name === 'current_schemas')
    return isWord(given[0], 'true')
      ? `['pg_catalog', ${quoted(schemaName)}]`
      : `[${quoted(schemaName)}]`;
  const texts = given.filter((one) => one.kind === 'string').map((one) => one.text.slice(1, -1));
  const setting = texts[0] ?? '';
  if (name === 'set_config') return quoted(texts[1] ?? '');
  return session.settings.has(setting) ? quoted(session.settings.get(setting)) : 'NULL::VARCHAR';
}
