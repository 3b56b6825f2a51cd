// Where ticks come from. A feed owns its connection and its clock work; the data node only asks it
// for what is there. Always: poll never blocks and never allocates per tick, rows of one symbol
// come in the order the venue sent them, and a feed that lost its source says so in its stats
// instead of throwing from poll. test/conformance/feed-suite.ts says the rest, and every feed
// passes it.

import type { FeedProcessView, TickBatch, TradeBatch } from '@ndts/protocol';
import type { MarketDecimals } from '../book/venue-books.js';
import type { BookChangeBatch, RowBatch } from './batches.js';
import type { RowKind } from './feed-rows.js';

/** A symbol as a feed needs it: the cluster-wide id of its ticks, the name it subscribes to. */
export interface FeedSymbol {
  readonly id: number;
  readonly name: string;
}

/** `failed`: the source is lost or refuses; the feed goes on trying unless connect() threw. */
export type FeedState = 'disconnected' | 'connecting' | 'connected' | 'failed';

export interface FeedAbilities {
  readonly trades: boolean;
  readonly book: boolean;
  /** The source waits while nobody polls. Without it a full backlog loses rows, counted. */
  readonly waits: boolean;
  /** The source can be asked for what a gap lost. */
  readonly repairs: boolean;
}

export interface FeedStats {
  readonly state: FeedState;
  /** Ticks handed out by poll since the start. */
  readonly polled: number;
  /** Rows the source had and poll never handed out: lost at the venue, given up as too old, without
   * room, or still waiting when the feed was disconnected. */
  readonly skipped: number;
  /** Rows that wait to be polled now. */
  readonly backlog: number;
  readonly reconnects: number;
  /** Why it is not connected; empty when it is. */
  readonly reason: string;
  readonly trades: number;
  readonly bookRows: number;
  /** Messages or records that came, malformed ones too. */
  readonly messages: number;
  /** Those that could not be understood or used; the newest are kept, see rejects(). */
  readonly malformed: number;
  /** The same by what was wrong with them: FeedReject.rule. */
  readonly malformedBy: Readonly<Record<string, number>>;
  /** Holes in the venue's own numbering, and how many of them were filled. */
  readonly gaps: number;
  readonly gapsRepaired: number;
  /** How often the source was told to wait. */
  readonly pauses: number;
  /** Least time of receipt less time at the venue, of the last minute: how much our clock is ahead
   * of the venue's, with the shortest way in it. NaN: not measured. */
  readonly clockOffsetNs: number;
  /** Nothing will come any more: a file that was read. */
  readonly isEnded: boolean;
}

/** What may be wrong with what comes: a message or record as a whole, a value of it, its length,
 * the name of its symbol, what the venue says itself, a file, a part of a recording. */
export type FeedRule = 'message' | 'value' | 'length' | 'symbol' | 'venue' | 'file' | 'damage';

/** Something that could not be understood or used. */
export interface FeedReject {
  readonly timeMs: number;
  readonly rule: FeedRule;
  /** In words, with the place. */
  readonly reason: string;
  /** Its beginning, printable. */
  readonly sample: string;
}

export type TakeHalt = (symbol: number, isHalted: boolean) => void;

export interface Feed {
  readonly name: string;
  readonly abilities: FeedAbilities;
  /** Of the rows of the last poll: whether their times are the clock's. Default: where the source
   * does not wait. */
  readonly live?: boolean;
  /** Of the trades of the last poll: which of its connections brought them, counted from 1. A poll
   * gives those of one. Absent: it has no connections. */
  readonly tradesConnection?: number;
  /** Rows of books have the own numbers and checksums of this venue (book/venue-books.ts). */
  readonly bookVenue?: string;
  /** The one it has for itself; undefined: the node's. */
  readonly process?: FeedProcessView | undefined;
  /** Of the market of a symbol, where its checksums need them and they are known. */
  bookDecimals?(symbol: number): MarketDecimals | undefined;
  /** Resolves once the first try has ended. What may pass, such as a venue that does not answer, is
   * tried again by the feed itself; what cannot (no such file, no such venue) is thrown. Allowed
   * twice. */
  connect(): Promise<void>;
  /** These too, from now on; also before connect, and for symbols it has. */
  subscribe(symbols: readonly FeedSymbol[]): void;
  /** No row of these comes from poll afterwards. Names it does not have are passed over. */
  unsubscribe(symbols: readonly FeedSymbol[]): void;
  /** Fills rows [0, n), sets batch.count to n and returns it; n is at most batch.capacity. */
  poll(batch: TickBatch): number;
  /** Like poll. */
  pollTrades(batch: TradeBatch): number;
  /** Like poll; a message may be cut between two batches. */
  pollBook(batch: BookChangeBatch): number;
  /** Asks for the whole books of these; they come as rows. Absent: the source sends them when it
   * does. */
  resyncBook?(symbols: readonly FeedSymbol[]): void;
  /** What the venue said of halts since the last call, the newest of each symbol. Absent: it says
   * nothing of them. */
  pollHalts?(take: TakeHalt): void;
  /** A row of the last poll that a rule refused: its place in that batch, and the reason
   * (CleanReason). Absent: nobody waits to hear of it. */
  noteRefused?(kind: RowKind, place: number, reason: number): void;
  /** When rows are due next by the clock (monotonic ns); Infinity: they come by onRows or not at
   * all. Absent or undefined: it can't say, and is polled again and again. */
  dueNs?(): number | undefined;
  /** Called when rows came that may be polled now. */
  onRows?: (() => void) | undefined;
  /** Allowed at any moment, also twice; poll gives nothing afterwards. */
  disconnect(): Promise<void>;
  stats(): FeedStats;
  /** Newest first. */
  rejects(limit: number): readonly FeedReject[];
}

export const noStats: FeedStats = {
  state: 'disconnected',
  polled: 0,
  skipped: 0,
  backlog: 0,
  reconnects: 0,
  reason: '',
  trades: 0,
  bookRows: 0,
  messages: 0,
  malformed: 0,
  malformedBy: {},
  gaps: 0,
  gapsRepaired: 0,
  pauses: 0,
  clockOffsetNs: Number.NaN,
  isEnded: false,
};

/** Whether the times of the rows of the last poll are the clock's. */
export function isPolledLive({ live, abilities }: Pick<Feed, 'live' | 'abilities'>): boolean {
  return live ?? !abilities.waits;
}

/** The poll of a kind of row that a feed does not have. */
export function pollNothing(batch: RowBatch): number {
  batch.count = 0;
  return 0;
}
