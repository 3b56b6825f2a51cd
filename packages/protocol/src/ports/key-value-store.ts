// What the embedded adapters stand on. Reads see everything written before them by this process; a
// write is atomic, *accepted* (survives kill -9) when the call returns, *durable* when the promise
// of durable() resolves. Keys are text in byte order; values are bytes the caller then owns.

export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface KeyValueOperation {
  readonly key: string;
  /** undefined deletes. */
  readonly value: Uint8Array | undefined;
}

export interface KeyValueRange {
  /** Only keys that start with this. */
  readonly prefix: string;
  /** Start at this key (inclusive), or after it when `exclusive`. Default: the prefix itself. */
  readonly from?: string;
  readonly exclusive?: boolean;
  readonly limit?: number;
  /** Newest key first. `from` is then where to start downwards. */
  readonly reverse?: boolean;
}

export interface KeyValueStore {
  get(key: string): Uint8Array | undefined;
  scan(range: KeyValueRange): KeyValueEntry[];
  /** Returns the position of the write; positions only grow. */
  write(operations: readonly KeyValueOperation[]): number;
  /** Everything at or below this position is durable. Cheap: may be polled. */
  durablePosition(): number;
  /** Resolves when the position (default: all so far) is durable; rejects when the disk failed. */
  durable(position?: number): Promise<void>;
}
