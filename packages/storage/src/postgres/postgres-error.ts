// Errors as PostgreSQL tells them: a state of five letters that programs branch on, a message, and
// for SQL the place in the text. Always: what happened inside keeps its code in the message's
// detail; a defect of ours is XX000, never dressed up as the user's.

import { NdtsError } from '@ndts/protocol';
import { SqlError } from '../sql/sql-error.js';
import { asNode, textIn, type TreeNode } from '../sql/tree.js';

/** FATAL: the connection ends with it. */
export type Severity = 'ERROR' | 'FATAL' | 'WARNING' | 'NOTICE';

export interface PostgresErrorOptions extends ErrorOptions {
  readonly severity?: Severity;
  readonly hint?: string;
  readonly detail?: string;
  /** In characters of the text, from 1. */
  readonly position?: number;
}

export class PostgresError extends Error {
  readonly sqlState: string;
  readonly severity: Severity;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly position: number | undefined;

  constructor(sqlState: string, message: string, options: PostgresErrorOptions = {}) {
    super(message, options);
    this.name = 'PostgresError';
    this.sqlState = sqlState;
    this.severity = options.severity ?? 'ERROR';
    this.hint = options.hint;
    this.detail = options.detail;
    this.position = options.position;
  }
}

/** From units of UTF-16, from 0, to characters, from 1. */
export function characterPosition(text: string, offset: number): number {
  return Array.from(text.slice(0, offset)).length + 1;
}

/** SQLSTATE by code; what is missing is XX000. */
const statesByCode: Readonly<Record<string, string>> = {
  INVALID_ARGUMENT: '0A000',
  NOT_FOUND: '55000',
  INVALID_SQL: '42601',
  MEMORY_LIMIT: '53200',
  TIMEOUT: '57014',
  CANCELLED: '57014',
  CLOSED: '57P01',
  UNAVAILABLE: '58000',
  RATE_LIMITED: '53000',
  IO_ERROR: '58030',
  CORRUPT: 'XX001',
  DISK_FULL: '53100',
};

/** SQLSTATE by what DuckDB calls its error. */
const statesByType: Readonly<Record<string, string>> = {
  Parser: '42601',
  Syntax: '42601',
  Catalog: '42P01',
  Conversion: '22P02',
  'Out of Range': '22003',
  'Divide by Zero': '22012',
  'Mismatch Type': '42804',
  'Invalid Type': '42804',
  'Not implemented': '0A000',
  'Invalid Input': '22023',
  Permission: '42501',
  'Parameter Not Resolved': '42P18',
  'Parameter Not Allowed': '42P18',
};

function stateOfSql(error: SqlError): string {
  const told = toldBy(error.cause);
  if (told === undefined) return / is not allowed/.test(error.message) ? '42501' : '42601';
  const type = textIn(told, 'exception_type');
  const message = textIn(told, 'exception_message');
  if (type === 'Catalog')
    return /function/i.test(textIn(told, 'type') || message.slice(0, 30)) ? '42883' : '42P01';
  if (type !== 'Binder') return statesByType[type] ?? '42601';
  if (textIn(told, 'error_subtype') === 'COLUMN_NOT_FOUND') return '42703';
  if (textIn(told, 'error_subtype') === 'NO_MATCHING_FUNCTION') return '42883';
  if (message.startsWith('Ambiguous')) return '42702';
  if (/GROUP BY/.test(message)) return '42803';
  if (/^Cannot (compare|mix)|explicit cast/i.test(message)) return '42804';
  return /column/i.test(message) ? '42703' : '42601';
}

function toldBy(cause: unknown): TreeNode | undefined {
  if (!(cause instanceof Error)) return undefined;
  const start = cause.message.indexOf('{"exception_type"');
  if (start < 0) return undefined;
  try {
    return asNode(JSON.parse(cause.message.slice(start)) as unknown);
  } catch {
    return undefined;
  }
}

/** What a place in the text of a statement is in the text the client sent. */
export interface StatementPlace {
  /** All that the client sent at once. */
  readonly text: string;
  /** From a place of the text that was run. */
  offsetOf(offset: number): number;
}

export function toPostgresError(error: unknown, place?: StatementPlace): PostgresError {
  if (error instanceof PostgresError) return error;
  if (error instanceof SqlError) {
    const message = error.message.replace(/ \(line \d+, column \d+\)$/, '');
    const position =
      error.position === undefined || place === undefined
        ? {}
        : { position: characterPosition(place.text, place.offsetOf(error.position.offset)) };
    return new PostgresError(stateOfSql(error), message, { cause: error, ...position });
  }
  if (error instanceof NdtsError) {
    const state = stateOfEngine(error);
    return new PostgresError(state, error.message, { cause: error, detail: error.code });
  }
  return new PostgresError('XX000', 'internal error', { cause: error });
}

/** An error while rows came: the engine's words may stand in it. */
function stateOfEngine(error: NdtsError): string {
  const told = toldBy(error) ?? toldBy(error.cause);
  const byType = told === undefined ? undefined : statesByType[textIn(told, 'exception_type')];
  return error.code === 'INVALID_SQL' && byType !== undefined
    ? byType
    : (statesByCode[error.code] ?? 'XX000');
}
