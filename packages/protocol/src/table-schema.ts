// What a series table is: its columns beside time, symbol, sequence and epoch, which every table
// has.

import type { ValueTypeName } from './generated/constants.js';

export interface ColumnSchema {
  readonly name: string;
  readonly type: ValueTypeName;
  /** Default: false. */
  readonly nullable?: boolean;
}

export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
}
