// Statements that are about the connection and not about data: transactions, settings, prepared
// statements. Clients send them without being asked to.
//
// Always: what would promise something that is not kept here (a transaction that sees one state, a
// lock, a write) is an error; what is harmless is accepted.

import { isSign, isWord, nameOf, type Token } from '../sql/tokens.js';
import { PostgresError } from './postgres-error.js';

export type Command =
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'rollbackTo' | 'none'; readonly tag: string }
  | { readonly kind: 'savepoint'; readonly tag: string }
  | { readonly kind: 'set'; readonly tag: string; readonly name: string; readonly value: string }
  | { readonly kind: 'reset'; readonly tag: string; readonly name: string }
  | { readonly kind: 'show'; readonly tag: string; readonly name: string }
  | { readonly kind: 'discard'; readonly tag: string; readonly all: boolean }
  | CursorCommand
  | { readonly kind: 'deallocate'; readonly tag: string; readonly name: string | undefined };

/** Cursors that only go forward. */
export type CursorCommand =
  | {
      readonly kind: 'declare';
      readonly tag: string;
      readonly name: string;
      /** Where its query begins in the text. */
      readonly start: number;
    }
  | {
      readonly kind: 'fetch';
      readonly tag: string;
      readonly name: string;
      /** 0: all that are left. */
      readonly rows: number;
    }
  | { readonly kind: 'close'; readonly tag: string; readonly name: string | undefined };

const writing = new Set(
  (
    'insert update delete merge create alter drop truncate grant revoke comment vacuum analyze ' +
    'reindex cluster refresh import security lock call do checkpoint reassign'
  ).split(' '),
);

const notHere = new Set('move prepare execute listen notify load'.split(' '));

function notSupported(what: string): PostgresError {
  return new PostgresError('0A000', `${what} is not supported`);
}

/** undefined: it is for SQL. */
export function commandOf(tokens: readonly Token[]): Command | undefined {
  const first = tokens[0];
  if (first?.kind !== 'word') return undefined;
  const word = first.text.toLowerCase();
  if (writing.has(word))
    throw new PostgresError(
      '25006',
      `cannot execute ${word.toUpperCase()} in a read-only transaction`,
      { hint: 'SQL only reads here; rows come in by feeds and imports' },
    );
  if (word === 'copy')
    throw new PostgresError('0A000', 'COPY is not supported', {
      hint: "psql --csv -c 'SELECT ...' > FILE, or ndts export, instead; ndts import reads files",
    });
  if (notHere.has(word)) throw notSupported(word.toUpperCase());
  switch (word) {
    case 'begin':
    case 'start':
      checkModes(tokens);
      return { kind: 'begin', tag: word === 'begin' ? 'BEGIN' : 'START TRANSACTION' };
    case 'commit':
    case 'end':
      if (isWord(tokens[1], 'prepared')) throw notSupported('COMMIT PREPARED');
      return { kind: 'commit', tag: 'COMMIT' };
    case 'rollback':
    case 'abort':
      if (isWord(tokens[1], 'prepared')) throw notSupported('ROLLBACK PREPARED');
      return {
        kind: tokens.some((one) => isWord(one, 'to')) ? 'rollbackTo' : 'rollback',
        tag: 'ROLLBACK',
      };
    case 'savepoint':
      return { kind: 'savepoint', tag: 'SAVEPOINT' };
    case 'release':
      return { kind: 'savepoint', tag: 'RELEASE' };
    case 'unlisten':
      return { kind: 'none', tag: 'UNLISTEN' };
    case 'declare':
      return declareCommand(tokens);
    case 'fetch':
      return fetchCommand(tokens);
    case 'close':
      return {
        kind: 'close',
        tag: 'CLOSE CURSOR',
        name: isWord(tokens[1], 'all') ? undefined : foldedName(tokens[1]),
      };
    default:
      return settingCommandOf(word, tokens);
  }
}

function settingCommandOf(word: string, tokens: readonly Token[]): Command | undefined {
  switch (word) {
    case 'set':
      return setCommand(tokens);
    case 'reset':
      return { kind: 'reset', tag: 'RESET', name: settingName(tokens, 1).name };
    case 'show':
      return showCommand(tokens);
    case 'discard':
      return { kind: 'discard', tag: 'DISCARD ALL', all: isWord(tokens[1], 'all') };
    case 'deallocate': {
      const at = isWord(tokens[1], 'prepare') ? 2 : 1;
      const name = isWord(tokens[at], 'all') ? undefined : foldedName(tokens[at]);
      return {
        kind: 'deallocate',
        tag: name === undefined ? 'DEALLOCATE ALL' : 'DEALLOCATE',
        name,
      };
    }
    default:
      return undefined;
  }
}

/** DECLARE name [BINARY] [NO SCROLL] CURSOR [WITHOUT HOLD] FOR query */
function declareCommand(tokens: readonly Token[]): Command {
  const cursor = tokens.findIndex((one) => isWord(one, 'cursor'));
  const begin = tokens.findIndex((one, at) => at > cursor && isWord(one, 'for'));
  const query = tokens[begin + 1];
  if (cursor < 2 || begin < 0 || query === undefined)
    throw new PostgresError('42601', 'expected DECLARE name CURSOR FOR query');
  const options = tokens.slice(2, begin);
  const has = (word: string): boolean => options.some((one) => isWord(one, word));
  if (has('binary') || has('with') || (has('scroll') && !has('no')))
    throw notSupported('a cursor that is BINARY, SCROLL or WITH HOLD');
  return {
    kind: 'declare',
    tag: 'DECLARE CURSOR',
    name: foldedName(tokens[1]),
    start: query.start,
  };
}

/** FETCH [NEXT | FORWARD] [count | ALL] [FROM | IN] name */
function fetchCommand(tokens: readonly Token[]): Command {
  let at = 1;
  const isForward = isWord(tokens[at], 'forward') || isWord(tokens[at], 'next');
  if (isForward) at += 1;
  let rows = 1;
  if (isWord(tokens[at], 'all')) rows = 0;
  else if (tokens[at]?.kind === 'number') rows = Number(tokens[at]!.text);
  else at -= 1;
  at += 1;
  if (isWord(tokens[at], 'from') || isWord(tokens[at], 'in')) at += 1;
  const isAll = rows === 0 && !tokens.some((one) => isWord(one, 'all'));
  if (at !== tokens.length - 1 || !Number.isSafeInteger(rows) || isAll)
    throw notSupported('FETCH other than forward');
  return { kind: 'fetch', tag: 'FETCH', name: foldedName(tokens[at]), rows };
}

/** Each query sees a state of its own: read committed, and nothing stricter. */
function checkModes(tokens: readonly Token[]): void {
  if (tokens.some((one) => isWord(one, 'serializable') || isWord(one, 'repeatable')))
    throw new PostgresError('0A000', 'only the isolation level READ COMMITTED is supported', {
      hint: 'each query sees one state of the database; two queries see two',
    });
}

function foldedName(token: Token | undefined): string {
  const name = nameOf(token) ?? '';
  return token?.kind === 'quoted' ? name : name.toLowerCase();
}

/** A name of words with points between them, and what stands behind it. */
function settingName(tokens: readonly Token[], from: number): { name: string; next: number } {
  let name = foldedName(tokens[from]);
  let next = from + 1;
  if (name === 'time' && isWord(tokens[next], 'zone')) return { name: 'timezone', next: next + 1 };
  if (name === 'transaction' && isWord(tokens[next], 'isolation'))
    return { name: 'transaction_isolation', next: next + 2 };
  for (; isSign(tokens[next], '.'); next += 2) name += `.${foldedName(tokens[next + 1])}`;
  return { name, next };
}

function showCommand(tokens: readonly Token[]): Command | undefined {
  if (tokens.length < 2 || isWord(tokens[1], 'tables')) return undefined;
  return { kind: 'show', tag: 'SHOW', name: settingName(tokens, 1).name };
}

function setCommand(tokens: readonly Token[]): Command {
  let at = 1;
  if (isWord(tokens[at], 'session') || isWord(tokens[at], 'local')) at += 1;
  if (isWord(tokens[at], 'transaction') || isWord(tokens[at], 'characteristics')) {
    checkModes(tokens);
    return { kind: 'none', tag: 'SET' };
  }
  if (isWord(tokens[at], 'constraints')) return { kind: 'none', tag: 'SET CONSTRAINTS' };
  if (isWord(tokens[at], 'role') || isWord(tokens[at], 'authorization'))
    throw notSupported(`SET ${tokens[at]!.text.toUpperCase()}`);
  const isNames = isWord(tokens[at], 'names');
  const found = settingName(tokens, at);
  const name = isNames ? 'client_encoding' : found.name;
  let { next } = found;
  if (isSign(tokens[next], '=') || isWord(tokens[next], 'to')) next += 1;
  else if (name !== 'timezone' && !isNames)
    throw new PostgresError('42601', `expected SET ${name} = value`);
  const values = tokens.slice(next).filter((one) => !isSign(one, ','));
  if (values.length === 0) throw new PostgresError('42601', `expected a value for ${name}`);
  if (isWord(values[0], 'default')) return { kind: 'reset', tag: 'SET', name };
  const separator = tokens.slice(next).some((one) => isSign(one, ',')) ? ', ' : '';
  return { kind: 'set', tag: 'SET', name, value: values.map(valueText).join(separator) };
}

function valueText(token: Token): string {
  if (token.kind === 'string' && token.text.startsWith("'"))
    return token.text.slice(1, -1).replaceAll("''", "'");
  return nameOf(token) ?? token.text;
}
