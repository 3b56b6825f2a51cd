// Queries of PostgreSQL's catalog and of what a session is, made into SQL that runs here: names of
// pg_catalog and information_schema become common tables in front of the query (catalog-tables.ts),
// functions about the server become what they would say, casts to PostgreSQL's names of names go.
//
// Always: only words are replaced, with the way back for places in errors; what is not known stays
// as it is and is judged by SQL, which says what it does not have. The result runs through the same
// guard as every other query.

import { type Edit, EditedText } from '../sql/edits.js';
import { isSign, isWord, nameOf, type Token } from '../sql/tokens.js';
import { arrayEdits } from './arrays.js';
import { type Brackets, bracketsOf, functionEdits, isKnownFunction } from './catalog-functions.js';
import {
  type CatalogInput,
  commonTable,
  informationSchema,
  isCatalogTable,
  renamed,
} from './catalog-tables.js';
import { PostgresError } from './postgres-error.js';
import { schemaName } from './settings.js';
import { timePattern } from './time-patterns.js';
import { type PostgresType, types } from './types.js';

/** Values that are sent as text, which SQL would take for one: `time > now() - $1`. */
const castParameters: ReadonlyMap<PostgresType | undefined, string> = new Map([
  [types.interval, 'INTERVAL'],
  [types.time, 'TIME'],
  [types.uuid, 'UUID'],
]);

export interface CatalogSession extends CatalogInput {
  readonly version: string;
  readonly processId: number;
}

export interface Translated {
  readonly text: string;
  /** Its results tell numbers of objects as oid. */
  readonly isCatalog: boolean;
  offsetOf(offset: number): number;
}

/** Queries about what there is none of, in SQL that has no match here: their columns, without
 * rows. By how they begin. */
const withoutRows: readonly (readonly [RegExp, number])[] = [
  [/^SELECT pol\.polname/i, 6],
  [/^SELECT oid, stxrelid::/i, 10],
  [/^SELECT pubname/i, 3],
  [/_pg_expandarray/i, 6],
];

/** Casts to names of objects: as what they are held here. */
const castTypes: Readonly<Record<string, string>> = {
  regtype: 'VARCHAR',
  regproc: 'VARCHAR',
  regnamespace: 'VARCHAR',
  regrole: 'VARCHAR',
  regclass: 'VARCHAR',
  oid: 'UINTEGER',
  xid: 'UINTEGER',
  name: 'VARCHAR',
  char: 'VARCHAR',
  int2vector: 'VARCHAR',
  oidvector: 'VARCHAR',
};

const timeTexts: ReadonlyMap<string, string> = new Map([
  ['to_char', 'strftime'],
  ['to_timestamp', 'strptime'],
  ['to_date', 'strptime'],
]);

class Translation {
  readonly edits: Edit[] = [];
  readonly tables = new Set<string>();
  readonly #tokens: readonly Token[];
  readonly #session: CatalogSession;
  readonly #brackets: Brackets;

  constructor(tokens: readonly Token[], session: CatalogSession) {
    this.#tokens = tokens;
    this.#session = session;
    this.#brackets = bracketsOf(tokens);
  }

  run(): void {
    for (let at = 0; at < this.#tokens.length; at += 1) at = this.#step(at);
  }

  /** Whether the words from one place to another are an item of the outermost list. */
  #isItem(from: number, last: number): boolean {
    const [before, next] = [this.#tokens[from - 1], this.#tokens[last + 1]];
    if (this.#brackets.around[from]! >= 0 || !(isWord(before, 'select') || isSign(before, ',')))
      return false;
    return next === undefined || isSign(next, ',') || isWord(next, 'from') || isWord(next, 'as');
  }

  #replace(from: number, behind: number, text: string): void {
    const last = Math.min(behind, this.#tokens.length) - 1;
    const [start, end] = [this.#tokens[from]!.start, this.#tokens[last]!.end];
    this.edits.push({ start, end, text });
  }

  /** Returns the last place that is done with. */
  #step(at: number): number {
    const tokens = this.#tokens;
    const token = tokens[at]!;
    if (isSign(token, ':') && isSign(tokens[at + 1], ':')) return this.#cast(at);
    if (token.kind !== 'word' && token.kind !== 'quoted') return at;
    const name = nameOf(token)!.toLowerCase();
    const isQualified = isSign(tokens[at - 1], '.');
    if (isSign(tokens[at + 1], '.') && !isQualified) return this.#schema(at, name);
    if (token.kind === 'word' && name === 'operator' && isSign(tokens[at + 1], '('))
      return this.#operator(at);
    if (token.kind === 'word' && name === 'collate') return this.#collate(at);
    if (token.kind === 'word' && name === 'as' && isSign(tokens[at + 2], ')')) return this.#as(at);
    if (token.kind === 'word' && name === 'array' && isSign(tokens[at + 1], '('))
      return this.#array(at);
    if (isQualified && !isWord(tokens[at - 2], 'pg_catalog')) return at;
    if (name === 'generate_series') return this.#searchPath(at);
    if (timeTexts.has(name) && token.kind === 'word') return this.#timeText(at, name);
    if (isKnownFunction(name, tokens, at, this.#brackets)) return this.#function(at, name);
    const table = renamed[name] ?? name;
    if (isCatalogTable(table)) {
      this.tables.add(table);
      if (table !== name) this.#replace(at, at + 1, this.#aliased(at, table, name));
    }
    return at;
  }

  /** Under its old name where the query gives it none. */
  #aliased(at: number, table: string, name: string): string {
    const before = this.#tokens[at - 1];
    const first = isSign(before, '.') ? this.#tokens[at - 3] : before;
    const next = this.#tokens[at + 1];
    const isTable = isWord(first, 'from') || isWord(first, 'join') || isSign(first, ',');
    const words = ['where', 'order', 'group', 'limit', 'join', 'left', 'inner', 'on', 'union'];
    const ends = next?.kind !== 'word' || words.some((word) => isWord(next, word));
    return isTable && ends && next?.kind !== 'quoted' ? `${table} AS ${name}` : table;
  }

  #schema(at: number, schema: string): number {
    if (schema === 'pg_catalog') {
      this.#replace(at, at + 2, '');
      return at + 1;
    }
    if (schema === 'public') {
      this.#replace(at, at + 1, 'main');
      return at + 2;
    }
    if (schema === 'information_schema') {
      const name = nameOf(this.#tokens[at + 2])?.toLowerCase() ?? '';
      const table = informationSchema[name];
      if (table === undefined) return at + 2;
      this.tables.add(table);
      const next = this.#tokens[at + 3];
      const isAliased = next?.kind === 'quoted' || (next?.kind === 'word' && !isClause(next));
      this.#replace(at, at + 3, isAliased ? table : `${table} AS "${name}"`);
      return at + 2;
    }
    // A column of a table that the query did not rename: pg_class.oid.
    const table = renamed[schema] ?? schema;
    if (isCatalogTable(table)) this.tables.add(table);
    return at + 1;
  }

  #cast(at: number): number {
    const start = isWord(this.#tokens[at + 2], 'pg_catalog') ? at + 4 : at + 2;
    const name = nameOf(this.#tokens[start])?.toLowerCase() ?? '';
    const before = this.#tokens[at - 1];
    if (name === 'regclass' && before?.kind === 'string') {
      const text = before.text.replaceAll('"', '').replace(/^'(pg_catalog|public)\./, "'");
      const isOwn = isCatalogTable(text.slice(1, -1));
      this.tables.add('pg_class');
      this.edits.push({
        start: before.start,
        end: this.#tokens[start]!.end,
        text: isOwn ? '0' : `(SELECT oid FROM pg_class WHERE relname = ${text})`,
      });
      return start;
    }
    const type = castTypes[name];
    if (type !== undefined) this.#replace(at, start + 1, `::${type}`);
    else if (start === at + 4) this.#replace(at, start, '::');
    else return at + 1;
    return type === undefined ? start - 1 : start;
  }

  /** CAST(x AS name) */
  #as(at: number): number {
    const type = castTypes[nameOf(this.#tokens[at + 1])?.toLowerCase() ?? ''];
    const open = this.#brackets.around[at]!;
    if (type !== undefined && isWord(this.#tokens[open - 1], 'cast'))
      this.#replace(at + 1, at + 2, type);
    return at + 1;
  }

  /** OPERATOR(pg_catalog.~) */
  #operator(at: number): number {
    let close = at + 2;
    while (close < this.#tokens.length && !isSign(this.#tokens[close], ')')) close += 1;
    const signs = this.#tokens.slice(at + 2, close).filter((one) => one.kind === 'sign');
    const text = signs.map((one) => one.text).join('');
    this.#replace(at, Math.min(close + 1, this.#tokens.length), text.replace(/^\./, ''));
    return close;
  }

  /** COLLATE pg_catalog.default */
  #collate(at: number): number {
    const isLong = isSign(this.#tokens[at + 2], '.');
    const last = isLong ? at + 3 : at + 1;
    if (nameOf(this.#tokens[last])?.toLowerCase() !== 'default') return at;
    this.#replace(at, last + 1, '');
    return last;
  }

  /** generate_series(array_lower(string_to_array(P, ','), 1), ...) AS i, string_to_array(P, ',') s:
   * how Grafana reads the schemas of the search path, P, one by one. */
  #searchPath(at: number): number {
    const [tokens, { close }] = [this.#tokens, this.#brackets];
    const end = close[at + 1] ?? -1;
    const [list, last] = [end + 4, close[end + 5] ?? -1];
    const fits =
      isWord(tokens[at + 2], 'array_lower') &&
      isWord(tokens[end + 1], 'as') &&
      isWord(tokens[list], 'string_to_array') &&
      last >= 0;
    const [index, path] = [tokens[end + 2], tokens[last + 1]];
    if (!fits || index === undefined || path?.kind !== 'word') return at;
    const text = `(SELECT 1 AS ${index.text}, ['${schemaName}'] AS ${path.text}) AS path_`;
    this.#replace(at, last + 2, text);
    return last + 1;
  }

  #function(at: number, name: string): number {
    const found = functionEdits(name, this.#tokens, at, this.#brackets, this.#session);
    this.edits.push(...found.edits);
    for (const table of found.tables) this.tables.add(table);
    const { end } = this.#tokens[found.close]!;
    const from = isWord(this.#tokens[at - 2], 'pg_catalog') ? at - 2 : at;
    // PostgreSQL calls such a column by its function.
    if (this.#isItem(from, found.close) && !isWord(this.#tokens[found.close + 1], 'as'))
      this.edits.push({ start: end, end, text: ` AS ${name}` });
    return found.last;
  }

  /** to_char(x, 'YYYY-MM-DD') as strftime(x, '%Y-%m-%d'), and what reads such texts. */
  #timeText(at: number, name: string): number {
    const tokens = this.#tokens;
    const [close, comma] = [this.#brackets.close[at + 1] ?? -1, this.#brackets.comma[at + 1] ?? -1];
    if (!isSign(tokens[at + 1], '(') || close < 0 || (comma < 0 && name === 'to_timestamp'))
      return at;
    const given = comma + 2 === close ? tokens[comma + 1] : undefined;
    const text = given?.kind === 'string' && given.text.startsWith("'") ? given.text : "''";
    const made = timePattern(text.slice(1, -1).replaceAll("''", "'"));
    if (comma < 0 || !/%[^%]/.test(made))
      throw new PostgresError('0A000', `${name} needs a time and a pattern as 'YYYY-MM-DD'`, {
        hint: 'for numbers there are round(x, 2), format() and printf()',
      });
    this.#replace(comma + 1, close, `'${made.replaceAll("'", "''")}'`);
    this.#replace(at, at + 1, timeTexts.get(name)!);
    const { end } = tokens[close]!;
    const from = isWord(tokens[at - 2], 'pg_catalog') ? at - 2 : at;
    const isNamed = !this.#isItem(from, close) || isWord(tokens[close + 1], 'as');
    const cast = name === 'to_date' ? '::DATE' : '';
    if (cast !== '' || !isNamed)
      this.edits.push({ start: end, end, text: `${cast}${isNamed ? '' : ` AS ${name}`}` });
    return at;
  }

  /** ARRAY(SELECT ...) as a column: as PostgreSQL writes it. */
  #array(at: number): number {
    const close = this.#brackets.close[at + 1]!;
    if (close < 0 || !this.#isItem(at, close)) return at;
    const { start } = this.#tokens[at]!;
    const { end } = this.#tokens[close]!;
    this.edits.push({ start, end: start, text: "('{' || array_to_string(" });
    this.edits.push({ start: end, end, text: ", ',') || '}')" });
    return at;
  }
}

function isClause(token: Token): boolean {
  return /^(where|order|group|limit|join|left|right|inner|on|union|having|offset)$/i.test(
    token.text,
  );
}

/** In front of the query, behind its WITH if it has one. */
function withEdit(tokens: readonly Token[], tables: readonly string[]): Edit {
  const list = tables.join(', ');
  if (!isWord(tokens[0], 'with')) {
    const { start } = tokens[0]!;
    return { start, end: start, text: `WITH ${list} ` };
  }
  const before = isWord(tokens[1], 'recursive') ? tokens[1]! : tokens[0]!;
  return { start: before.end, end: before.end, text: ` ${list},` };
}

function parameterEdits(
  tokens: readonly Token[],
  declared: readonly (PostgresType | undefined)[],
): Edit[] {
  return tokens.flatMap(({ kind, text, end }) => {
    const type = kind === 'parameter' ? declared[Number(text.slice(1)) - 1] : undefined;
    const cast = castParameters.get(type);
    return cast === undefined ? [] : [{ start: end, end, text: `::${cast}` }];
  });
}

/** `declared`: types of parameters, by their place. */
export function translate(
  text: string,
  tokens: readonly Token[],
  session: CatalogSession,
  declared: readonly (PostgresType | undefined)[] = [],
): Translated {
  for (const [pattern, columns] of withoutRows)
    if (pattern.test(text.trimStart()) && /\bpg_/i.test(text)) {
      const list = Array.from({ length: columns }, (_, at) => `NULL AS "column ${at + 1}"`);
      const made = `SELECT ${list.join(', ')} WHERE false`;
      return { text: made, isCatalog: true, offsetOf: () => 0 };
    }
  const translation = new Translation(tokens, session);
  translation.run();
  const { tables } = translation;
  const edits = [...translation.edits, ...arrayEdits(tokens), ...parameterEdits(tokens, declared)];
  if (edits.length === 0 && tables.size === 0)
    return { text, isCatalog: false, offsetOf: (offset) => offset };
  if (tables.size > 0) {
    const common = [...tables].map((name) => commonTable(name, session));
    edits.push(withEdit(tokens, common));
  }
  const edited = new EditedText(text, edits);
  return {
    text: edited.text,
    isCatalog: tables.size > 0,
    offsetOf: (offset) => edited.oldOffset(offset),
  };
}
