// A refusal of the parser in words, for answers and the log.

import type { LineReason, LineRefusal } from '@ndts/native/line';

const words: Readonly<Record<LineReason, string>> = {
  none: 'accepted',
  syntax: 'not line protocol',
  symbolMissing: 'no tag names the symbol',
  columnUnknown: 'the table has no such column',
  columnMissing: 'a value is missing for this column',
  columnTwice: 'two values for one column',
  type: 'the column has another type',
  inexact: 'the column cannot hold this number exactly',
  time: 'the time is out of range',
  text: 'not UTF-8',
  length: 'the line is too long',
  version: 'binary values are of protocol version 2; only version 1 is served',
  tableUnknown: 'there is no such table',
  tableName: 'no table can be created for it',
  symbolName: 'not a name for a symbol, or too many symbols',
};

/** `line 3: the table has no such column: "colour"`. */
export function refusalText({ line, reason, detail }: LineRefusal): string {
  const about = detail === '' ? '' : `: ${JSON.stringify(detail)}`;
  return `line ${line}: ${words[reason]}${about}`;
}
