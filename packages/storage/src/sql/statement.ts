// From the text of a user to what is run: checked, its own clauses made standard SQL, bounds found
// for the scans. Keeps the way back, so that what the engine says about its text is said about the
// user's.

import { constants } from 'node:os';
import type { SqlPrune, SqlSession } from '@ndts/native/sql';
import { NdtsError } from '@ndts/protocol';
import { Clauses } from './clauses.js';
import { EditedText } from './edits.js';
import { checkStart, checkTree } from './guard.js';
import { instantEdits } from './instants.js';
import { latestOnEdits } from './latest-on.js';
import { type ListReader, listReader } from './list-reader.js';
import { tellMissingTable } from './missing-table.js';
import { findPushDown, type PushDownInput } from './push-down.js';
import type { TableRead } from './table-reads.js';
import { sampleByEdits } from './sample-by.js';
import { positionAt, SqlError, type SqlPosition } from './sql-error.js';
import { isSign, isWord, nameOf, type Token, tokensOf } from './tokens.js';
import { asNode, indexOfByte, nodesIn, type TreeNode, textIn, toldOffset } from './tree.js';

export class Statement {
  /** As the user wrote it. */
  readonly text: string;
  readonly #tokens: readonly Token[];
  #edited: EditedText;
  /** Where the query itself begins, behind EXPLAIN. */
  readonly #base: number;
  readonly #tables: ReadonlyMap<string, number>;
  #pushed: EditedText | undefined;
  prunes: readonly SqlPrune[] = [];
  /** What is read of which table, as far as the WHERE says. */
  reads: readonly TableRead[] = [];

  constructor(text: string, tables: ReadonlyMap<string, number>) {
    this.text = text;
    this.#tables = tables;
    const zero = text.indexOf('\0');
    if (zero >= 0) throw SqlError.at(text, zero, 'a text has no zero byte in it');
    this.#tokens = tokensOf(text);
    this.#base = checkStart(text, this.#tokens);
    this.#edited = new EditedText(text, []);
  }

  /** Without clauses of our own, once it was analyzed. */
  get standard(): string {
    return this.#edited.text;
  }

  /** The statement that scans with bounds; the same where none were found. */
  get pushed(): string {
    return this.#pushed === undefined
      ? this.standard
      : this.standard.slice(0, this.#base) + this.#pushed.text;
  }

  get #inner(): string {
    return this.standard.slice(this.#base);
  }

  /** Looks at the tree of the query, refuses what is not allowed, finds bounds. */
  async analyze(
    session: SqlSession,
    { parameter, texts }: Pick<PushDownInput, 'parameter' | 'texts'>,
    pushDown: boolean,
  ): Promise<void> {
    await this.#rewrite(listReader(this.text, session));
    const text = this.#inner;
    const tree = this.#readTree(await session.serialize(text));
    checkTree(tree, (byte) => this.#positionOf(this.#base + indexOfByte(text, byte)));
    if (!pushDown) return;
    const found = await findPushDown({
      text,
      tokens: tokensOf(text),
      tree,
      tables: this.#tables,
      parameter,
      texts,
      instant: (form, value) => session.instant(form, value),
    });
    this.reads = found.reads;
    if (found.prunes.length === 0) return;
    this.#pushed = new EditedText(text, found.edits);
    this.prunes = found.prunes;
  }

  async #rewrite(reader: ListReader): Promise<void> {
    const clauses = new Clauses(this.#tokens);
    const common = commonNames(this.#tokens);
    const isTable = (name: string): boolean => this.#tables.has(name) && !common.has(name);
    const edits = [
      ...(await sampleByEdits(this.text, clauses, reader)),
      ...(await latestOnEdits(this.text, clauses, isTable, reader)),
    ];
    this.#edited = new EditedText(this.text, [...edits, ...instantEdits(this.#tokens, edits)]);
  }

  #positionOf(offset: number): SqlPosition {
    return positionAt(this.text, this.#edited.oldOffset(offset));
  }

  #readTree(json: string): TreeNode {
    const tree = asNode(JSON.parse(json) as unknown);
    const statements = tree === undefined ? [] : nodesIn(tree, 'statements');
    const [first] = statements;
    if (tree === undefined || tree['error'] === true)
      throw this.#errorOf(tree ?? {}, 'error_message', this.#base);
    if (first === undefined) throw new SqlError('expected a statement, found nothing');
    if (statements.length > 1)
      throw new SqlError(`expected one statement, found ${statements.length}`);
    return first;
  }

  #errorOf(told: TreeNode, key: string, base: number, cause?: unknown): SqlError {
    const message = textIn(told, key) || 'the statement is not understood';
    if (message.startsWith('Only SELECT statements')) throw unreadable(this.text, this.#tokens);
    const offset = toldOffset(base === 0 ? this.standard : this.#inner, told);
    const position = offset === undefined ? undefined : this.#positionOf(base + offset);
    return this.#errorAt(message, position, cause);
  }

  /** In the user's words: what was put in place of them is not known to him. */
  #errorAt(message: string, position: SqlPosition | undefined, cause?: unknown): SqlError {
    const found = this.#tokens.find(({ end }) => end > (position?.offset ?? 0));
    const words = this.#isEdited
      ? message
          .replaceAll('arg_min_null(', 'first(')
          .replaceAll('arg_max_null(', 'last(')
          .replace(/^syntax error at or near ".*"$/s, () =>
            found === undefined
              ? 'syntax error at the end'
              : `syntax error at or near "${found.text}"`,
          )
      : message;
    return new SqlError(this.#inOwnNames(words), position, cause === undefined ? {} : { cause });
  }

  /** Tables are views of a function of ours, which the engine calls a list of values. */
  #inOwnNames(message: string): string {
    return tellMissingTable(message, [...this.#tables.keys()])
      .replace(/^Values list "/, 'Table "')
      .replace(
        /^Could not convert string .* to INT64$/s,
        "$&: neither a whole number nor a time, which is '2026-01-02 09:30:00.5' (1677 to 2262)",
      );
  }

  get #isEdited(): boolean {
    return this.standard !== this.text;
  }

  /** An error of the engine, in terms of the user's text. `isPushed`: which text it ran. */
  toError(error: unknown, isPushed: boolean): unknown {
    if (!(error instanceof NdtsError) || error instanceof SqlError) return error;
    const told = toldBy(error.message);
    if (told === undefined) return error;
    const message = textIn(told, 'exception_message') || error.message;
    if (error.code !== 'INVALID_SQL') return new NdtsError(error.code, message, { cause: error });
    if (told['exception_type'] === 'INTERNAL' || told['exception_type'] === 'FATAL')
      return new NdtsError('INTERNAL', `the SQL engine failed: ${message}`, { cause: error });
    if (told['exception_type'] === 'IO') return fileProblem(told, message, error);
    if (!isPushed || this.#pushed === undefined)
      return this.#errorOf(told, 'exception_message', 0, error);
    const found = toldOffset(this.pushed, told);
    if (found === undefined) return this.#errorAt(message, undefined, error);
    const offset = this.#base + this.#pushed.oldOffset(found - this.#base);
    return this.#errorAt(message, this.#positionOf(offset), error);
  }
}

/** Of the one file that a query may write: what the system said of it. */
function fileProblem(told: TreeNode, message: string, cause: Error): NdtsError {
  const { ENOSPC, EDQUOT, EROFS, EACCES, EPERM } = constants.errno;
  const number = Number(textIn(told, 'errno'));
  const isFull = number === ENOSPC || number === EDQUOT;
  const isClosed = number === EROFS || number === EACCES || number === EPERM;
  const code = isFull ? 'DISK_FULL' : isClosed ? 'READ_ONLY' : 'IO_ERROR';
  return new NdtsError(code, message, { cause });
}

/** Of what has no tree: PIVOT that takes its columns from the rows is several statements, of which
 * one writes. */
function unreadable(text: string, tokens: readonly Token[]): SqlError {
  const pivots = new Set(['pivot', 'pivot_wider']);
  const pivot = tokens.find(
    ({ kind, text: word }) => kind === 'word' && pivots.has(word.toLowerCase()),
  );
  return pivot === undefined
    ? new SqlError('the statement is not one that reads')
    : SqlError.at(
        text,
        pivot.start,
        "PIVOT needs the values that become columns: ON side IN ('buy', 'sell')",
      );
}

/** The engine speaks JSON, perhaps behind a word. */
function toldBy(message: string): TreeNode | undefined {
  const start = message.indexOf('{"exception_type"');
  if (start < 0) return undefined;
  try {
    return asNode(JSON.parse(message.slice(start)) as unknown);
  } catch {
    return undefined;
  }
}

/** Names of WITH: name AS ( */
function commonNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  for (let at = 0; at + 2 < tokens.length; at += 1)
    if (isWord(tokens[at + 1], 'as') && isSign(tokens[at + 2], '('))
      names.add(nameOf(tokens[at])?.toLowerCase() ?? '');
  return names;
}
