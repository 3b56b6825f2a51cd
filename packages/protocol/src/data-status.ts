// What a data node tells of itself four times a second: rates, what its rules and its feeds did,
// how far each watermark is.

/** Sums over shards of exclusive sequences since the first start, and how far each lags. */
export interface Watermarks {
  readonly accepted: number;
  readonly durable: number;
  readonly replicated: number;
  readonly sealed: number;
  /** How long the oldest accepted and not yet durable tick has waited. */
  readonly durableLagMs: number;
  readonly replicatedLagMs: number;
  /** Ticks that are durable and not yet sealed. */
  readonly sealedLagTicks: number;
}

export interface DataStatus {
  readonly timeMs: number;
  readonly ticksPerSecond: number;
  readonly polled: number;
  readonly accepted: number;
  /** By rule; of all feeds. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Accepted, but marked by a rule. */
  readonly marked: Readonly<Record<string, number>>;
  readonly sources: readonly SourceCleaning[];
  /** What each of several feeds did; none where there is one. */
  readonly arbitration: readonly SourceStatus[];
  /** Of trades and books, where they are taken. */
  readonly kinds: readonly KindStatus[];
  readonly appendWaits: number;
  readonly symbols: number;
  readonly watermarks: Watermarks;
  readonly shards: readonly {
    readonly shard: number;
    readonly epoch: number;
    readonly accepted: number;
  }[];
}

/** What became of rows that are no ticks, since the start. */
export interface KindStatus {
  /** Its table. */
  readonly kind: 'trade' | 'book';
  readonly rowsPerSecond: number;
  readonly polled: number;
  readonly accepted: number;
  /** Of trades by rule; of books by what was wrong with them. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Of trades: left out, since another feed or an earlier connection gave them, or too old to
   * know. */
  readonly copies: number;
}

/** A feed beside others of the same symbols, since it came: which of its good ticks were the first
 * of all, and how far behind the first the others were. */
export interface SourceStatus {
  readonly name: string;
  readonly rows: number;
  readonly first: number;
  /** Another feed gave them before. */
  readonly copies: number;
  /** It gave them itself before. */
  readonly repeats: number;
  /** Too old to know whether they are copies: left out. */
  readonly late: number;
  /** Of others, of symbols it has, that it never gave. */
  readonly missed: number;
  readonly failovers: number;
  readonly returns: number;
  /** Symbols it leads now. */
  readonly leads: number;
  readonly behindUsMean: number;
  readonly behindUsP50: number;
  readonly behindUsP99: number;
  readonly behindUsMax: number;
}

/** What the rules found in the ticks of a feed, since the start. */
export interface SourceCleaning {
  readonly source: string;
  readonly refused: Readonly<Record<string, number>>;
  readonly marked: Readonly<Record<string, number>>;
}
