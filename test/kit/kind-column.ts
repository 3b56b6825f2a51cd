// Kinds of rows that a node publishes, and the column of each that tells a row from the next.

export type KindOfRows = 'tick' | 'trade' | 'book';

export function columnOf(table: KindOfRows): string {
  return table === 'book' ? 'bid1' : 'price';
}
