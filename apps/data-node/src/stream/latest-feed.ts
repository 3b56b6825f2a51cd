// Messages that are no rows - changes of orders, the account, what strategies compute and ask for -
// for clients of streams. Each change is sent as it comes; a client that is behind gets the latest
// of each thing that changed meanwhile.
//
// Always: its source runs while somebody is subscribed; what is kept is bounded.

import type { ClientSubscription, StreamClient } from './client.js';

export interface LatestFeedOptions<Item> {
  /** What changes: the latest of it is what a client gets that was behind. */
  readonly keyOf: (item: Item) => number | string;
  /** Symbol id; undefined: it is about none, and for all. */
  readonly symbolOf: (item: Item) => number | undefined;
  /** The message, without its type's and subscription's names. */
  readonly messageOf: (items: readonly Item[]) => {
    readonly type: string;
    readonly [part: string]: unknown;
  };
  /** Things that are kept, at most; of more the oldest changes are forgotten. */
  readonly keptMax: number;
  /** Begins to take items. @returns what ends that */
  readonly begin: (take: (items: readonly Item[]) => void) => () => void;
}

class Member<Item> implements ClientSubscription {
  readonly client: StreamClient;
  readonly id: number;
  /** Ids; undefined: all. */
  readonly symbols: ReadonlySet<number> | undefined;
  /** The change after which it was sent nothing. */
  behind: number | undefined;
  readonly #feed: LatestFeed<Item>;

  constructor(
    feed: LatestFeed<Item>,
    client: StreamClient,
    id: number,
    symbols: ReadonlySet<number> | undefined,
  ) {
    this.#feed = feed;
    this.client = client;
    this.id = id;
    this.symbols = symbols;
  }

  catchUp(): void {
    this.#feed.catchUp(this);
  }

  close(): void {
    this.#feed.leave(this);
  }
}

export class LatestFeed<Item> {
  readonly #options: LatestFeedOptions<Item>;
  readonly #members = new Set<Member<Item>>();
  /** Oldest change first. */
  readonly #latest = new Map<number | string, { readonly change: number; readonly item: Item }>();
  #change = 0;
  #end: (() => void) | undefined;

  constructor(options: LatestFeedOptions<Item>) {
    this.#options = options;
  }

  join(
    client: StreamClient,
    id: number,
    symbols: ReadonlySet<number> | undefined,
  ): ClientSubscription {
    const member = new Member(this, client, id, symbols);
    this.#members.add(member);
    this.#end ??= this.#options.begin((items) => this.#take(items));
    return member;
  }

  leave(member: Member<Item>): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.close();
  }

  catchUp(member: Member<Item>): void {
    const { behind } = member;
    member.behind = undefined;
    if (behind === undefined) return;
    const missed: Item[] = [];
    for (const { change, item } of this.#latest.values()) if (change > behind) missed.push(item);
    this.#send(member, missed, true);
  }

  close(): void {
    this.#end?.();
    this.#end = undefined;
    this.#latest.clear();
  }

  #take(items: readonly Item[]): void {
    const before = this.#change;
    this.#change += 1;
    for (const item of items) this.#keep(item);
    for (const member of this.#members) {
      if (member.behind !== undefined) continue;
      if (member.client.canTake()) this.#send(member, items, false);
      else member.behind = before;
    }
  }

  #keep(item: Item): void {
    const key = this.#options.keyOf(item);
    this.#latest.delete(key);
    this.#latest.set(key, { change: this.#change, item });
    if (this.#latest.size <= this.#options.keptMax) return;
    for (const oldest of this.#latest.keys()) {
      this.#latest.delete(oldest);
      return;
    }
  }

  #send({ client, id, symbols }: Member<Item>, items: readonly Item[], conflated: boolean): void {
    const { symbolOf, messageOf } = this.#options;
    const wanted =
      symbols === undefined
        ? items
        : items.filter((item) => {
            const symbol = symbolOf(item);
            return symbol === undefined || symbols.has(symbol);
          });
    if (wanted.length === 0) return;
    const { type, ...parts } = messageOf(wanted);
    const mark = conflated ? { conflated } : {};
    client.sendText(JSON.stringify({ type, id, ...mark, ...parts }));
  }
}
