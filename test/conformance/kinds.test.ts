// Trades and books from one end to the other: what a scripted venue sent - some of it twice, late,
// or with a hole - is what a subscriber gets in process, off mapped rings, off rings that are
// pulled, over WebSocket in both forms, as the past and then live, and what SQL says.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';
import { bookChangeFlags, type DataNode } from '@ndts/data-node';
import { SeededRandom, SystemClock } from '@ndts/runtime';
import { type NDTSClient, type SubscribeOptions, Subscription } from '@ndts/storage';
import { keysOf, readKind, type SeenKindRow, seenRows } from '../kit/kind-rows.js';
import { KindStream } from '../kit/kind-stream.js';
import {
  type SentLevel,
  type SentTrade,
  startKindsNode,
  timeAt,
  ToldVenue,
} from '../kit/kinds-node.js';
import { type RemoteNode, startRemoteNode } from '../kit/remote-node.js';
import { testSeed } from '../kit/seed.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const symbolNames = ['AA', 'B', 'CCC'];
const tradeColumns = ['price', 'volume', 'side', 'trade_id'];
const levels = [1, 2, 3, 4, 5];
const bookColumns = ['bid', 'bid_vol', 'ask', 'ask_vol'].flatMap((name) =>
  levels.map((level) => `${name}${level}`),
);
const { ask, clear, end } = bookChangeFlags;

interface Symbol {
  readonly id: number;
  readonly name: string;
  readonly shard: number;
}

/** What must come of it, by shard in the order of acceptance. */
class Expected {
  readonly trades: SeenKindRow[] = [];
  readonly books: SeenKindRow[] = [];

  add(list: SeenKindRow[], symbol: Symbol, ms: number, values: SeenKindRow['values']): void {
    const { name, shard } = symbol;
    const sequence = list.filter((row) => row.shard === shard).length;
    list.push({ symbol: name, shard, sequence, nsOfDay: timeAt(ms).nsOfDay, values });
  }
}

/** Sends trades; each seventh twice, and each eleventh after the one behind it. */
class TradeScript {
  readonly #next = new Map<number, number>();
  #ms = 0;

  send(venue: ToldVenue, expected: Expected, symbol: Symbol, random: SeededRandom): void {
    const number = (this.#next.get(symbol.id) ?? 0) + 1;
    const isSwapped = number % 11 === 0;
    this.#next.set(symbol.id, number + (isSwapped ? 1 : 0));
    for (const id of isSwapped ? [number + 1, number] : [number]) {
      this.#ms += 1;
      const trade = {
        symbol: symbol.id,
        time: timeAt(this.#ms),
        id,
        price: 100 + random.integer(80) / 16,
        volume: 1 + random.integer(50),
        isBuy: random.integer(2) === 0,
      };
      venue.trades.push(trade, ...(id % 7 === 0 ? [trade] : []));
      const { price, volume, isBuy } = trade;
      const side = isBuy ? 1 : -1;
      const values = { price, volume, side, trade_id: String(id) };
      expected.add(expected.trades, symbol, this.#ms, values);
    }
  }
}

/** A book of a symbol, and the messages about it: some are lost, and a snapshot follows. */
class BookScript {
  readonly #sides = [new Map<number, number>(), new Map<number, number>()] as const;
  readonly #symbol: Symbol;
  #number = 0;
  #isWhole = false;
  #shown = '';
  #ms = 0;

  constructor(symbol: Symbol) {
    this.#symbol = symbol;
  }

  send(venue: ToldVenue, expected: Expected, random: SeededRandom): void {
    const isLost = random.integer(40) === 0;
    const first = random.integer(9);
    const changes = Array.from({ length: 1 + random.integer(4) }, (_, at) => {
      const side = random.integer(2) as 0 | 1;
      const price = 100 + (side === 0 ? -1 : 1) * (1 + ((first + at) % 9));
      const quantity = random.integer(4) === 0 ? 0 : 1 + random.integer(9);
      if (quantity === 0) this.#sides[side].delete(price);
      else this.#sides[side].set(price, quantity);
      return { side, price, quantity };
    });
    this.#ms += 1;
    this.#number += 1;
    if (isLost) {
      this.#isWhole = false;
      return;
    }
    const how = this.#isWhole ? 0 : random.integer(3);
    if (how === 2) this.#snapshot(venue, expected);
    else this.#put(venue, changes, this.#number - 1, false);
    if (this.#isWhole && how !== 2) this.#show(expected, false);
  }

  #snapshot(venue: ToldVenue, expected: Expected): void {
    const all = ([0, 1] as const).flatMap((side) =>
      [...this.#sides[side]].map(([price, quantity]) => ({ side, price, quantity })),
    );
    if (all.length === 0) return;
    this.#put(venue, all, Number.NaN, true);
    this.#isWhole = true;
    this.#show(expected, true);
  }

  #put(
    venue: ToldVenue,
    rows: readonly { side: 0 | 1; price: number; quantity: number }[],
    previous: number,
    isSnapshot: boolean,
  ): void {
    for (const [at, { side, price, quantity }] of rows.entries())
      venue.levels.push({
        symbol: this.#symbol.id,
        time: timeAt(this.#ms),
        price,
        quantity,
        sequence: this.#number,
        previous,
        flags:
          (side === 1 ? ask : 0) |
          (isSnapshot && at === 0 ? clear : 0) |
          (at === rows.length - 1 ? end : 0),
      });
  }

  #show(expected: Expected, isSnapshot: boolean): void {
    const best = ([0, 1] as const).map((side) =>
      [...this.#sides[side]]
        .sort(([one], [other]) => (side === 0 ? other - one : one - other))
        .slice(0, 5),
    );
    const [bids = [], asks = []] = best;
    const values = Object.fromEntries([
      ...levels.map((level) => [`bid${level}`, bids[level - 1]?.[0] ?? null] as const),
      ...levels.map((level) => [`bid_vol${level}`, bids[level - 1]?.[1] ?? null] as const),
      ...levels.map((level) => [`ask${level}`, asks[level - 1]?.[0] ?? null] as const),
      ...levels.map((level) => [`ask_vol${level}`, asks[level - 1]?.[1] ?? null] as const),
    ]);
    const text = JSON.stringify(values);
    // A change below the levels that are shown shows nothing.
    if (text === this.#shown && !isSnapshot) return;
    this.#shown = text;
    expected.add(expected.books, this.#symbol, this.#ms, values);
  }
}

const loop = { spinMs: 0, sleepMs: 1 };

interface Scene {
  readonly remote: RemoteNode;
  readonly client: NDTSClient;
  readonly names: ReadonlyMap<number, string>;
  readonly columns: readonly string[];
  readonly table: 'trade' | 'book';
}

/** In this process, without a socket. */
function subscribe({ remote, table }: Scene, options: SubscribeOptions): Subscription {
  const sources = { reach: async () => remote.service, clock: new SystemClock(), loop };
  return new Subscription(sources, undefined, { table, batch: 50, ...options });
}

/** Everyone who reads while the venue sends, each by its own way. */
function readers(scene: Scene, count: number): Map<string, Promise<SeenKindRow[]>> {
  const { client, table, names, columns } = scene;
  const read = (subscription: Subscription): Promise<SeenKindRow[]> =>
    readKind(subscription, names, columns, count);
  const all = { table, from: 'oldest', columns } as const;
  return new Map([
    ['in process', read(subscribe(scene, { from: 'oldest' }))],
    ['mapped rings', read(subscribe(scene, { from: 'oldest', ring: 'sleep' }))],
    ['over the network', read(client.subscribe(undefined, all))],
    ['pulled rings', read(client.subscribe(undefined, { ...all, ring: 'adaptive' }))],
    ['a consumer, twice', readAsConsumer(scene, count)],
  ]);
}

/** Stops in the middle, and goes on behind what it acknowledged. */
async function readAsConsumer(scene: Scene, count: number): Promise<SeenKindRow[]> {
  const { client, table, names, columns } = scene;
  const options = { table, columns, consumer: `${table}-reader`, from: 'oldest' } as const;
  const first = client.subscribe(undefined, { ...options, batch: 20 });
  const seen: SeenKindRow[] = [];
  for await (const batch of first) {
    seen.push(...seenRows(batch, names, columns));
    await first.ack(batch.next);
    if (seen.length > count / 2) break;
  }
  const rest = client.subscribe(undefined, { ...options, ring: 'sleep' });
  seen.push(...(await readKind(rest, names, columns, count - seen.length)));
  return seen;
}

function withoutTexts(rows: readonly SeenKindRow[]): SeenKindRow[] {
  return rows.map((row) => {
    const kept = Object.entries(row.values).filter(([name]) => name !== 'trade_id');
    return { ...row, values: Object.fromEntries(kept) };
  });
}

/** What SQL says of the table. */
async function storedRows({ client, table, columns, remote }: Scene): Promise<SeenKindRow[]> {
  const sql = `SELECT symbol, sequence, ${columns.join(', ')} FROM ${table} ORDER BY time, symbol`;
  const rows = await (await client.query(sql)).rows();
  return rows.map(({ symbol, sequence, ...values }) => {
    const name = symbol as string;
    const shard = remote.local.symbols.byName(name)?.shard ?? -1;
    return { symbol: name, shard, sequence: Number(sequence), nsOfDay: 0, values } as SeenKindRow;
  });
}

/** The past, which stands in the order of time, and behind it live rows. */
async function pastThenLive(scene: Scene, count: number): Promise<SeenKindRow[]> {
  const columns = scene.columns.filter((name) => name !== 'trade_id');
  const past = subscribe(scene, { mode: 'historical', ring: 'sleep' });
  return readKind(past, scene.names, columns, count);
}

/** The last row of each symbol. */
function lastOf(rows: readonly SeenKindRow[]): SeenKindRow[] {
  return symbolNames.flatMap((name) => rows.filter(({ symbol }) => symbol === name).slice(-1));
}

/** In the order of shard and sequence; of the past only what it has: no shard. */
function withoutPlaces(rows: readonly SeenKindRow[]): string[] {
  return keysOf(rows.map((row) => ({ ...row, shard: 0, sequence: 0 }))).sort();
}

async function checkScene(
  scene: Scene,
  expected: readonly SeenKindRow[],
  read: ReadonlyMap<string, Promise<SeenKindRow[]>>,
  late: Promise<SeenKindRow[]>,
): Promise<void> {
  const all = keysOf(expected);
  for (const [way, rows] of read) deepEqual(keysOf(await rows), all, `${scene.table}: ${way}`);
  const texts = withoutTexts(expected);
  deepEqual(withoutPlaces(await late), withoutPlaces(texts), `${scene.table}: the past, then live`);
  const stored = await storedRows(scene);
  deepEqual(keysOf(stored), keysOf(expected.map((row) => ({ ...row, nsOfDay: 0 }))), 'SQL');
  const { remote, table, names } = scene;
  const columns = scene.columns.filter((name) => name !== 'trade_id');
  const delayed = subscribe(scene, { from: 'oldest', mode: 'delayed', intervalMs: 20 });
  const latest = await readKind(delayed, names, columns, symbolNames.length);
  deepEqual(keysOf(latest.slice(-symbolNames.length)), keysOf(lastOf(texts)), 'the latest of each');
  for (const form of ['json', 'binary'] as const) {
    const token = remote.identity.createToken(`${table}-${form}`, 'viewer');
    const stream = new KindStream({
      address: remote.streamAddress,
      token,
      kind: table,
      form,
      names,
    });
    while (stream.rows.length < expected.length) await turn();
    stream.close();
    deepEqual(keysOf(stream.rows), all, `${table}: stream, ${form}`);
  }
}

interface Burst {
  readonly trades: readonly SentTrade[];
  readonly levels: readonly SentLevel[];
}

/** All of it, before anything is sent: readers know how many rows there will be. */
function writeScript(symbols: readonly Symbol[], random: SeededRandom): [Burst[], Expected] {
  const expected = new Expected();
  const tradeScript = new TradeScript();
  const bookScripts = symbols.map((symbol) => new BookScript(symbol));
  const bursts = Array.from({ length: 60 }, () => {
    const venue = new ToldVenue();
    for (let left = random.integer(25); left > 0; left -= 1) {
      const at = random.integer(symbols.length);
      tradeScript.send(venue, expected, symbols[at]!, random);
      bookScripts[at]!.send(venue, expected, random);
    }
    return { trades: venue.trades, levels: venue.levels };
  });
  return [bursts, expected];
}

interface Stage {
  readonly remote: RemoteNode;
  readonly node: DataNode;
  readonly venue: ToldVenue;
  readonly symbols: readonly Symbol[];
}

async function openStage(context: TestContext): Promise<Stage> {
  const venue = new ToldVenue();
  let node: DataNode | undefined;
  const remote = await startRemoteNode(context, await temporaryFolder(context), {
    ...{ pull: 'tcp', arenaBytes: 1 << 20 },
    publish: (local, values) => {
      const started = startKindsNode(context, local, values, venue.feed, 32);
      node = started.node;
      return started.paths;
    },
  });
  ok(node !== undefined);
  const { symbols: registry, ticks } = remote.local;
  const symbols = await registry.ensure(symbolNames);
  for (const { id, shard, name } of symbols) ticks.registerSymbol(id, shard, name);
  await node.start();
  return { remote, node, venue, symbols };
}

test('what a venue sent is what everybody gets', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const { remote, node, venue, symbols } = await openStage(context);
  const [bursts, expected] = writeScript(symbols, random);
  const names = new Map(symbols.map(({ id, name }) => [id, name] as const));
  const shared = { remote, client: remote.client(), names };
  const scenes = [
    [{ ...shared, columns: tradeColumns, table: 'trade' }, expected.trades],
    [{ ...shared, columns: bookColumns, table: 'book' }, expected.books],
  ] as const;
  const send = async (some: readonly Burst[]): Promise<void> => {
    for (const { trades, levels: changes } of some) {
      venue.trades.push(...trades);
      venue.levels.push(...changes);
      while (node.doWork() > 0 || !venue.isEmpty) if (random.integer(3) === 0) await turn();
    }
  };
  let isOver = false;
  context.after(() => {
    isOver = true;
  });
  const begun = scenes.map(([scene, rows]) => readers(scene, rows.length));
  await send(bursts.slice(0, 30));
  const late = scenes.map(([scene, rows]) => pastThenLive(scene, rows.length));
  await send(bursts.slice(30));
  // The node lives on: readers of rings go by its heartbeat.
  void (async () => {
    for (; !isOver; await turn()) node.doWork();
  })();
  for (const [at, [scene, rows]] of scenes.entries())
    await checkScene(scene, rows, begun[at]!, late[at]!);
  const { kinds } = node.status();
  ok((kinds[0]?.rejected['duplicate'] ?? 0) > 0, 'the venue sent nothing twice');
  equal(kinds[0]?.accepted, expected.trades.length);
  equal(kinds[1]?.accepted, expected.books.length);
  isOver = true;
});
