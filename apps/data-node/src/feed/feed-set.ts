// Several feeds in one data node, polled in turn. Always: a batch holds rows of one source, and
// `source` names it until the next poll; a source that gives much does not keep the others waiting
// for more than a batch each; one that fails does not stop the others.

import { errorLine, NdtsError, type TickBatch, type TradeBatch } from '@ndts/protocol';
import { sumByRule } from '../clean/rejects.js';
import type { BookChangeBatch, RowBatch } from './batches.js';
import {
  type Feed,
  type FeedAbilities,
  type FeedReject,
  type FeedState,
  type FeedStats,
  type FeedSymbol,
  isPolledLive,
  noStats,
} from './feed.js';
import type { RowKind } from './feed-rows.js';

export interface FeedSource {
  /** From 1, never used again in this process. */
  readonly source: number;
  readonly feed: Feed;
  /** What connect() threw; empty: nothing. */
  readonly refusal: string;
}

/** At once, those at their end not counted: what arbitration can tell apart. */
export const feedsMax = 32;

interface Member extends FeedSource {
  refusal: string;
}

type Poll<B> = (feed: Feed, batch: B) => number;

const pollTicks: Poll<TickBatch> = (feed, batch) => feed.poll(batch);
const pollTrades: Poll<TradeBatch> = (feed, batch) => feed.pollTrades(batch);
const pollBook: Poll<BookChangeBatch> = (feed, batch) => feed.pollBook(batch);

export class FeedSet implements Feed {
  readonly name = 'feeds';
  #members: Member[] = [];
  #lastSource = 0;
  #isConnected = false;
  /** Of each kind of rows: who is asked first. */
  readonly #next = { tick: 0, trade: 0, book: 0 };
  /** Of the rows of the last poll; 0: it gave none. */
  source = 0;
  live = true;
  tradesConnection = 0;
  onRows: (() => void) | undefined;
  /** Of those that were removed, so that sums never fall. */
  #gone: FeedStats = noStats;

  constructor(feeds: readonly Feed[]) {
    for (const feed of feeds) this.#put(feed);
  }

  get abilities(): FeedAbilities {
    const every = (of: (abilities: FeedAbilities) => boolean): boolean =>
      this.#members.every(({ feed }) => of(feed.abilities));
    return {
      trades: !every(({ trades }) => !trades),
      book: !every(({ book }) => !book),
      waits: every(({ waits }) => waits),
      repairs: every(({ repairs }) => repairs),
    };
  }

  /** In the order they were added. */
  get sources(): readonly FeedSource[] {
    return this.#members;
  }

  /** Connects it when the set is connected. @returns its source */
  async add(feed: Feed): Promise<number> {
    if (this.#members.some((one) => one.feed.name === feed.name))
      throw new NdtsError('ALREADY_EXISTS', `there is a feed ${feed.name}`);
    if (this.#members.filter((one) => !one.feed.stats().isEnded).length >= feedsMax)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `${feed.name}: there are ${feedsMax} feeds already, the most at once (those at their end ` +
          'not counted): remove one first',
      );
    const member = this.#put(feed);
    if (this.#isConnected) await connectOne(member);
    return member.source;
  }

  /** Disconnects it. @returns false: there is none of that name */
  async remove(name: string): Promise<boolean> {
    const at = this.#members.findIndex(({ feed }) => feed.name === name);
    const member = this.#members[at];
    if (member === undefined) return false;
    this.#members.splice(at, 1);
    await member.feed.disconnect();
    this.#gone = sumOf([this.#gone, { ...member.feed.stats(), backlog: 0 }]);
    return true;
  }

  #put(feed: Feed): Member {
    this.#lastSource += 1;
    const member = { source: this.#lastSource, feed, refusal: '' };
    this.#members.push(member);
    feed.onRows = () => this.onRows?.();
    return member;
  }

  async connect(): Promise<void> {
    this.#isConnected = true;
    await Promise.all(this.#members.map(connectOne));
  }

  async disconnect(): Promise<void> {
    this.#isConnected = false;
    this.source = 0;
    await Promise.all(this.#members.map(({ feed }) => feed.disconnect()));
    for (const member of this.#members) member.refusal = '';
  }

  subscribe(symbols: readonly FeedSymbol[]): void {
    for (const { feed } of this.#members) feed.subscribe(symbols);
  }

  unsubscribe(symbols: readonly FeedSymbol[]): void {
    for (const { feed } of this.#members) feed.unsubscribe(symbols);
  }

  poll(batch: TickBatch): number {
    return this.#pollInTurn('tick', pollTicks, batch);
  }

  pollTrades(batch: TradeBatch): number {
    return this.#pollInTurn('trade', pollTrades, batch);
  }

  pollBook(batch: BookChangeBatch): number {
    return this.#pollInTurn('book', pollBook, batch);
  }

  #pollInTurn<B extends RowBatch>(kind: RowKind, poll: Poll<B>, batch: B): number {
    const members = this.#members;
    this.source = 0;
    for (let turn = 0; turn < members.length; turn += 1) {
      const at = (this.#next[kind] + turn) % members.length;
      const member = members[at]!;
      const count = poll(member.feed, batch);
      if (count === 0) continue;
      this.#next[kind] = at + 1;
      this.source = member.source;
      this.live = isPolledLive(member.feed);
      if (kind === 'trade') this.tradesConnection = member.feed.tradesConnection ?? 0;
      return count;
    }
    batch.count = 0;
    return 0;
  }

  /** Undefined: a member can't say. */
  dueNs(): number | undefined {
    let first = Number.POSITIVE_INFINITY;
    for (const { feed } of this.#members) {
      const due = feed.dueNs?.();
      if (due === undefined) return undefined;
      first = Math.min(first, due);
    }
    return first;
  }

  stats(): FeedStats {
    const all = this.#members.map(({ feed }) => feed.stats());
    const reasons = this.#members.flatMap(({ feed, refusal }, at) => {
      const reason = refusal === '' ? (all[at]?.reason ?? '') : refusal;
      return reason === '' ? [] : [`${feed.name}: ${reason}`];
    });
    const sum = sumOf([this.#gone, ...all]);
    const offsets = all.map((one) => one.clockOffsetNs).filter((ns) => !Number.isNaN(ns));
    return {
      ...sum,
      state: this.#isConnected ? stateOf(all.map((one) => one.state)) : 'disconnected',
      reason: reasons.join('; '),
      clockOffsetNs: offsets.length === 0 ? Number.NaN : Math.min(...offsets),
      isEnded: all.length > 0 && all.every((one) => one.isEnded),
    };
  }

  rejects(limit: number): readonly FeedReject[] {
    return this.#members
      .flatMap(({ feed }) => feed.rejects(limit))
      .sort((one, other) => other.timeMs - one.timeMs)
      .slice(0, limit);
  }
}

async function connectOne(member: Member): Promise<void> {
  member.refusal = '';
  try {
    await member.feed.connect();
  } catch (error) {
    member.refusal = errorLine(error);
  }
}

/** Failed only when nothing comes from anywhere. */
function stateOf(states: readonly FeedState[]): FeedState {
  if (states.length === 0 || states.includes('connected')) return 'connected';
  return states.includes('connecting') ? 'connecting' : 'failed';
}

function sumOf(all: readonly FeedStats[]): FeedStats {
  const sum = (of: (stats: FeedStats) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return {
    ...noStats,
    polled: sum((one) => one.polled),
    skipped: sum((one) => one.skipped),
    backlog: sum((one) => one.backlog),
    reconnects: sum((one) => one.reconnects),
    trades: sum((one) => one.trades),
    bookRows: sum((one) => one.bookRows),
    messages: sum((one) => one.messages),
    malformed: sum((one) => one.malformed),
    malformedBy: sumByRule(all.map((one) => one.malformedBy)),
    gaps: sum((one) => one.gaps),
    gapsRepaired: sum((one) => one.gapsRepaired),
    pauses: sum((one) => one.pauses),
  };
}
