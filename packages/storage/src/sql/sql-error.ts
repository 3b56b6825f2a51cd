// What is wrong with the text of a query, and where: line and column, both from 1.

import { NdtsError } from '@ndts/protocol';

export interface SqlPosition {
  /** Of the text, in UTF-16 units, from 0. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export function positionAt(text: string, offset: number): SqlPosition {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { offset, line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

export class SqlError extends NdtsError {
  /** undefined: the whole text, or it is not known. */
  readonly position: SqlPosition | undefined;

  /** One that another process threw: its message names the place already. */
  static received(message: string, position: SqlPosition | undefined): SqlError {
    const error = new SqlError(message, position);
    error.message = message;
    return error;
  }

  constructor(message: string, position?: SqlPosition, options?: ErrorOptions) {
    const where =
      position === undefined ? '' : ` (line ${position.line}, column ${position.column})`;
    super('INVALID_SQL', `${message}${where}`, options);
    this.name = 'SqlError';
    this.position = position;
  }

  static at(text: string, offset: number, message: string): SqlError {
    return new SqlError(message, positionAt(text, offset));
  }
}
