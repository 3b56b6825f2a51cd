// A statement of a client, read once: a command, a query, or nothing; what its parameters and
// columns are. Always: errors tell places of the text the client sent, not of what was run.

import type { Sql } from '../sql/query.js';
import { isSign, nameOf, type Token, tokensOf } from '../sql/tokens.js';
import { castLists, withoutAny } from './arrays.js';
import { operandTypes } from './operand-types.js';
import { type CatalogSession, type Translated, translate } from './catalog.js';
import { type Command, commandOf } from './commands.js';
import { columnName } from './column-name.js';
import { typeOfColumn } from './encode.js';
import { PostgresError, toPostgresError } from './postgres-error.js';
import { arrayOf, type PostgresType, typeOfOid, typeOfSql, types } from './types.js';

export interface ToldColumn {
  readonly name: string;
  readonly type: PostgresType;
}

export class Prepared {
  /** All that the client sent at once. */
  readonly source: string;
  readonly text: string;
  /** Where it begins in the source. */
  readonly start: number;
  readonly tokens: readonly Token[];
  readonly command: Command | undefined;
  readonly parameterCount: number;
  /** Declared, or found by describe(). */
  readonly parameterTypes: (PostgresType | undefined)[];
  /** As the client was told; undefined: it was not. */
  told: readonly ToldColumn[] | undefined;
  #described = false;
  #columns: readonly ToldColumn[] | undefined;

  private constructor(source: string, start: number, text: string, declared: readonly number[]) {
    this.source = source;
    this.start = start;
    this.text = text;
    this.tokens = tokensOf(text);
    this.command = commandOf(this.tokens);
    this.parameterCount = Math.max(declared.length, highestParameter(this.tokens));
    this.parameterTypes = Array.from({ length: this.parameterCount }, (_, at) =>
      declaredType(declared[at] ?? 0),
    );
  }

  static of(source: string, part: StatementPart, declared: readonly number[] = []): Prepared {
    try {
      return new Prepared(source, part.start, part.text, declared);
    } catch (error) {
      throw toPostgresError(error, { text: source, offsetOf: (offset) => part.start + offset });
    }
  }

  get isEmpty(): boolean {
    return this.tokens.length === 0;
  }

  get tag(): string {
    return this.tokens[0]?.text.toLowerCase() === 'explain' ? 'EXPLAIN' : 'SELECT';
  }

  /** Of the catalog as it is now. */
  translate(session: CatalogSession): Translated {
    return translate(this.text, this.tokens, session, this.parameterTypes);
  }

  toError(error: unknown, translated?: Translated): PostgresError {
    return toPostgresError(error, {
      text: this.source,
      offsetOf: (offset) => this.start + (translated?.offsetOf(offset) ?? offset),
    });
  }

  columnsOf(
    columns: readonly { readonly name: string; readonly type: string }[],
    isCatalog: boolean,
  ): ToldColumn[] {
    return columns.map((column) => ({
      name: this.#isSaid(column.name) ? column.name : columnName(column.name),
      type: isCatalog && column.type === 'UINTEGER' ? types.oid : typeOfColumn(column),
    }));
  }

  /** Whether the client wrote it, in quotes. */
  #isSaid(name: string): boolean {
    return this.tokens.some((token) => token.kind === 'quoted' && nameOf(token) === name);
  }

  /** Types that were not declared, and the columns as far as they are known without values. */
  async describe(
    sql: Sql,
    translated: Translated,
    signal: AbortSignal,
  ): Promise<readonly ToldColumn[] | undefined> {
    if (this.#described) return this.#columns;
    // The time limit is whose signal it is.
    const { text, lists } = withoutAny(translated.text);
    const casts = castLists(text);
    const operands = operandTypes(this.tokens);
    const found = await sql.describe(text, { timeoutMs: 0, signal });
    for (let at = 0; at < this.parameterCount; at += 1) {
      const type =
        typeOfSql(found.parameters[at] ?? '') ??
        casts.get(at + 1) ??
        operands.get(at + 1) ??
        types.text;
      this.parameterTypes[at] ??= lists.has(at + 1) ? (arrayOf(type) ?? type) : type;
    }
    if (found.columns.length > 0)
      this.#columns = this.columnsOf(found.columns, translated.isCatalog);
    this.#described = true;
    return this.#columns;
  }
}

/** 0 and what stands for nothing: SQL is asked. */
function declaredType(oid: number): PostgresType | undefined {
  if (oid === 0 || oid === types.unknown.oid) return undefined;
  const type = typeOfOid(oid);
  if (type !== undefined) return type;
  throw new PostgresError('42704', `type with OID ${oid} does not exist`);
}

const parametersMax = 65_535;

function highestParameter(tokens: readonly Token[]): number {
  let highest = 0;
  for (const token of tokens) {
    if (token.kind !== 'parameter') continue;
    const number = Number(token.text.slice(1));
    if (!/^\$\d+$/.test(token.text) || number < 1 || number > parametersMax)
      throw new PostgresError('42P02', `there is no parameter ${token.text}`);
    highest = Math.max(highest, number);
  }
  return highest;
}

/** The columns of what is answered here; undefined: it has none, or SQL answers. */
export function commandColumns(command: Command | undefined): readonly ToldColumn[] | undefined {
  if (command?.kind !== 'show') return undefined;
  const names = command.name === 'all' ? ['name', 'setting', 'description'] : [command.name];
  return names.map((name) => ({ name, type: types.text }));
}

export interface StatementPart {
  readonly start: number;
  readonly text: string;
}

/** Reading a text takes the event loop's time. */
const statementCharactersMax = 1_000_000;

/** The statements of one message, split at semicolons; empty ones are left out. */
export function splitStatements(source: string): StatementPart[] {
  const parts: StatementPart[] = [];
  let start = 0;
  let words = 0;
  const end = (at: number): void => {
    if (words > 0) parts.push({ start, text: source.slice(start, at) });
    words = 0;
  };
  if (source.length > statementCharactersMax)
    throw new PostgresError('54000', 'the text of a query may have a million characters');
  try {
    for (const token of tokensOf(source)) {
      if (!isSign(token, ';')) {
        words += 1;
        continue;
      }
      end(token.start);
      start = token.end;
    }
  } catch (error) {
    throw toPostgresError(error, { text: source, offsetOf: (offset) => offset });
  }
  end(source.length);
  return parts;
}
