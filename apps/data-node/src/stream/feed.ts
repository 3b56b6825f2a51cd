// hot: what is sent is allocated, once for each batch and form
// The live rows of a table for many clients: read once, gathered for some milliseconds, and encoded
// once for every set of symbols, columns and form that anybody wants. A client that cannot take a
// message is behind: the latest rows, which all share, are what it gets when it can again, so that
// no number of slow clients costs memory.
//
// Always: a client sees the rows of a shard in the order of their sequences; one that was behind
// is told that rows were left out.

import { type Clock, errorLine, nsPerMs, type Timer } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import {
  LatestRows,
  pickRows,
  type RawRows,
  type ShardPositions,
  type Subscription,
} from '@ndts/storage';
import type { ClientSubscription, StreamClient } from './client.js';
import { encodeBody, type NameOf, rowFlags, type RowsBody, type StreamForm } from './frames.js';
import type { StreamMetrics } from './metrics.js';
import { RowCollector } from './row-collector.js';

export interface FeedOptions {
  readonly kind: string;
  /** All rows, of all symbols. */
  readonly source: Subscription;
  readonly clock: Clock;
  readonly nameOf: NameOf;
  readonly flushMs: number;
  readonly metrics: StreamMetrics;
  readonly logger: Logger;
  /** Nobody wants it any more, or its rows ended. */
  readonly onEnd: () => void;
}

export interface Interest {
  readonly form: StreamForm;
  /** Ids; undefined: all. */
  readonly symbols: ReadonlySet<number> | undefined;
  readonly columns: readonly string[] | undefined;
  /** undefined: every row; else once in so long the latest. */
  readonly intervalMs: number | undefined;
}

/** Clients that want the same rows in the same form. */
interface View {
  readonly key: string;
  readonly interest: Interest;
  readonly members: Set<FeedMember>;
  /** Of the batch that is being sent. */
  picked: number[];
}

/** Views of one interval. */
interface Beat {
  readonly views: Map<string, View>;
  /** The change up to which rows were sent. */
  sent: number;
  timer: Timer | undefined;
}

const flushRows = 8192;

export class FeedMember implements ClientSubscription {
  readonly client: StreamClient;
  readonly id: number;
  readonly view: View;
  readonly #feed: StreamFeed;
  /** The change after which it was sent nothing. */
  behind: number | undefined;
  /** How many of the rows that are gathered came before it. */
  skips = 0;

  constructor(feed: StreamFeed, client: StreamClient, id: number, view: View) {
    this.#feed = feed;
    this.client = client;
    this.id = id;
    this.view = view;
  }

  catchUp(): void {
    this.#feed.catchUp(this);
  }

  close(): void {
    this.#feed.leave(this);
  }
}

export class StreamFeed {
  readonly #options: FeedOptions;
  readonly #collected = new RowCollector();
  readonly #latest = new LatestRows();
  readonly #views = new Map<string, View>();
  /** By symbol: who wants it. Views of all symbols are not in it. */
  readonly #bySymbol = new Map<number, Set<View>>();
  readonly #whole = new Set<View>();
  readonly #beats = new Map<number, Beat>();
  #position: ShardPositions;
  /** Of the rows that were sent: those that are gathered are above. */
  #sentPosition: ShardPositions;
  readonly #moved = new Set<number>();
  /** Joined since the last flush, behind rows that are gathered. */
  readonly #newcomers = new Set<FeedMember>();
  #change = 1;
  #members = 0;
  #timer: Timer | undefined;
  /** How long the last flush took: so long at least others have the loop. */
  #flushedMs = 0;
  #closed = false;

  constructor(options: FeedOptions, from: ShardPositions) {
    this.#options = options;
    this.#position = from;
    this.#sentPosition = from;
    void this.#run();
  }

  /** Nobody may join it any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** From the next row on. Nothing is sent for it: of many who join at once each would have all
   * others sent what is gathered. @returns the member, and where it begins */
  join(client: StreamClient, id: number, interest: Interest): [FeedMember, ShardPositions] {
    const { form, symbols, columns, intervalMs } = interest;
    const names = symbols === undefined ? '*' : [...symbols].sort((a, b) => a - b).join(',');
    const key = `${form}/${columns?.join(',') ?? '*'}/${names}`;
    const views = intervalMs === undefined ? this.#views : this.#beat(intervalMs).views;
    let view = views.get(key);
    if (view === undefined) {
      view = { key, interest, members: new Set(), picked: [] };
      views.set(key, view);
      if (intervalMs === undefined) this.#index(view);
    }
    const member = new FeedMember(this, client, id, view);
    view.members.add(member);
    this.#members += 1;
    if (intervalMs === undefined && this.#collected.count > 0) {
      member.skips = this.#collected.count;
      this.#newcomers.add(member);
    }
    return [member, this.#position];
  }

  leave(member: FeedMember): void {
    const { view } = member;
    if (!view.members.delete(member)) return;
    this.#newcomers.delete(member);
    this.#members -= 1;
    if (view.members.size === 0) this.#forget(view);
    if (this.#members === 0) this.close();
  }

  /** The latest rows for one that was behind. */
  catchUp(member: FeedMember): void {
    const { behind, view, client, id } = member;
    if (behind === undefined) return;
    const { symbols, columns } = view.interest;
    const rows = this.#latest.since(behind, symbols);
    member.behind = undefined;
    if (rows === undefined) return;
    const { kind, nameOf } = this.#options;
    const message = { kind, rows: chosen(rows, columns), positions: this.#sentPosition };
    client.sendRows(id, rowFlags.conflated, encodeBody(view.interest.form, message, nameOf));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onEnd();
    this.#timer?.cancel();
    for (const { timer } of this.#beats.values()) timer?.cancel();
    void this.#options.source.close().catch(() => undefined);
  }

  #forget(view: View): void {
    const { intervalMs, symbols } = view.interest;
    if (intervalMs === undefined) {
      this.#views.delete(view.key);
      this.#whole.delete(view);
      for (const symbol of symbols ?? []) {
        const views = this.#bySymbol.get(symbol);
        views?.delete(view);
        if (views?.size === 0) this.#bySymbol.delete(symbol);
      }
      return;
    }
    const beat = this.#beats.get(intervalMs);
    beat?.views.delete(view.key);
    if (beat === undefined || beat.views.size > 0) return;
    beat.timer?.cancel();
    this.#beats.delete(intervalMs);
  }

  async #run(): Promise<void> {
    const { source } = this.#options;
    try {
      for await (const { rows, next } of source) {
        this.#collected.take(rows.raw);
        if (next !== undefined) this.#move(rows.raw, next);
        if (this.#collected.count >= flushRows) this.#flush();
        else this.#flushLater();
      }
    } catch (error) {
      this.#options.logger.error({ reason: errorLine(error) }, 'streams: a feed ended');
    }
    this.close();
  }

  #move(rows: RawRows, next: ShardPositions): void {
    for (let row = 0; row < rows.count; row += 1) this.#moved.add(rows.shard?.[row] ?? 0);
    this.#position = next;
  }

  #flushLater(): void {
    if (this.#timer !== undefined) return;
    const { clock, flushMs } = this.#options;
    const delayMs = Math.max(flushMs, Math.ceil(this.#flushedMs));
    this.#timer = clock.setTimer(delayMs, () => {
      const startNs = clock.monotonicNs();
      this.#flush();
      this.#flushedMs = (clock.monotonicNs() - startNs) / nsPerMs;
    });
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#collected.count === 0) return;
    this.#change += 1;
    this.#sentPosition = this.#position;
    const rows = this.#collected.rows();
    this.#latest.take(rows, this.#change);
    const shards = [...this.#moved].sort((a, b) => a - b);
    this.#moved.clear();
    for (const view of this.#whole) this.#send(view, rows, shards, this.#change - 1);
    for (const view of this.#route(rows)) {
      this.#send(view, pickRows(rows, view.picked), shards, this.#change - 1);
      view.picked = [];
    }
    this.#sendNewcomers(rows, shards);
    this.#collected.clear();
  }

  /** To each what came after it; those who joined between the same rows share one body. */
  #sendNewcomers(rows: RawRows, shards: readonly number[]): void {
    if (this.#newcomers.size === 0) return;
    const groups = new Map<string, FeedMember[]>();
    for (const member of this.#newcomers) {
      const key = `${member.skips}/${member.view.key}`;
      const group = groups.get(key) ?? [];
      groups.set(key, group);
      group.push(member);
    }
    this.#newcomers.clear();
    for (const members of groups.values()) {
      const { skips, view } = members[0]!;
      const { symbols } = view.interest;
      const picked: number[] = [];
      for (let row = skips; row < rows.count; row += 1)
        if (symbols?.has(rows.symbol[row]!) !== false) picked.push(row);
      for (const member of members) member.skips = 0;
      if (picked.length === 0) continue;
      this.#sendTo(members, view, pickRows(rows, picked), shards, this.#change - 1);
    }
  }

  /** The views that want any of the rows, with the rows they want. */
  #route(rows: RawRows): Set<View> {
    const touched = new Set<View>();
    if (this.#bySymbol.size === 0) return touched;
    for (let row = 0; row < rows.count; row += 1) {
      const views = this.#bySymbol.get(rows.symbol[row]!);
      if (views === undefined) continue;
      for (const view of views) {
        view.picked.push(row);
        touched.add(view);
      }
    }
    return touched;
  }

  #send(view: View, rows: RawRows, shards: readonly number[], before: number): void {
    this.#sendTo(view.members, view, rows, shards, before);
  }

  /** @param before the change after which who does not take this is behind */
  #sendTo(
    members: Iterable<FeedMember>,
    view: View,
    rows: RawRows,
    shards: readonly number[],
    before: number,
  ): void {
    const { kind, nameOf, metrics } = this.#options;
    const { columns, form } = view.interest;
    const message = { kind, rows: chosen(rows, columns), positions: this.#position, shards };
    let body: RowsBody | undefined;
    for (const member of members) {
      if (member.behind !== undefined || member.skips > 0) continue;
      if (member.client.canTake()) {
        body ??= encodeBody(form, message, nameOf);
        member.client.sendRows(member.id, rowFlags.none, body);
        continue;
      }
      member.behind = before;
      metrics.conflated.inc();
    }
  }

  #index(view: View): void {
    const { symbols } = view.interest;
    if (symbols === undefined) this.#whole.add(view);
    for (const symbol of symbols ?? []) {
      const views = this.#bySymbol.get(symbol) ?? new Set();
      this.#bySymbol.set(symbol, views.add(view));
    }
  }

  #beat(intervalMs: number): Beat {
    let beat = this.#beats.get(intervalMs);
    if (beat === undefined) {
      // Its first tick has nothing of what was gathered before.
      this.#flush();
      beat = { views: new Map(), sent: this.#change, timer: undefined };
      this.#beats.set(intervalMs, beat);
      this.#tickLater(beat, intervalMs);
    }
    return beat;
  }

  #tickLater(beat: Beat, intervalMs: number): void {
    const { clock } = this.#options;
    const delayMs = intervalMs - ((clock.monotonicNs() / 1e6) % intervalMs);
    beat.timer = clock.setTimer(delayMs, () => {
      this.#tick(beat);
      this.#tickLater(beat, intervalMs);
    });
  }

  #tick(beat: Beat): void {
    this.#flush();
    const { sent } = beat;
    beat.sent = this.#change;
    if (sent === this.#change) return;
    for (const view of beat.views.values()) {
      const rows = this.#latest.since(sent, view.interest.symbols);
      if (rows === undefined) continue;
      this.#send(view, rows, [...new Set(rows.shard)], sent);
    }
  }
}

/** The columns that are wanted, in the order in which they are. */
function chosen(rows: RawRows, names: readonly string[] | undefined): RawRows {
  if (names === undefined) return rows;
  const columns = names.map((name) => rows.columns.find((column) => column.name === name));
  return { ...rows, columns: columns.filter((column) => column !== undefined) };
}
