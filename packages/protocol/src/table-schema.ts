// What a series table is: its columns beside time, symbol, sequence and epoch, which every table
// has.

export type ColumnTypeName = 'i64' | 'f64' | 'i32' | 'f32' | 'bool' | 'symbol' | 'text' | 'bytes';

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnTypeName;
  /** Default: false. */
  readonly nullable?: boolean;
}

export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
}
