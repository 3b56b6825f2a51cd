// The one error class. Its code comes from the table of the schema, its message says what was
// expected, what was found, and where.

import { type ErrorCode, errorTable } from './generated/errors.js';

export class NdtsError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NdtsError';
    this.code = code;
  }

  /** What helps, from the table; may be empty. */
  get hint(): string {
    return errorTable[this.code].hint;
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** One line for people: code, message and hint of anything thrown. */
export function errorLine(error: unknown): string {
  if (error instanceof NdtsError) {
    const hint = error.hint === '' ? '' : ` (${error.hint})`;
    return `${error.code}: ${error.message}${hint}`;
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
