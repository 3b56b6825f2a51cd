// What the tests of streams share: a folder with its listener, rows that are appended and
// remembered, and clients that note what they are sent.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTickBatch, decodeStreamRows, readTime } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  Identity,
  loadConfig,
  Metrics,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import { FolderService, type LocalDatabase, openLocalDatabase } from '@ndts/storage';
import { WebSocket } from 'ws';
import { StreamServer } from './server.js';

export const names = ['A', 'BB', 'CCC', 'DDDD'];
export const shards = 4;

export interface SeenRow {
  readonly symbol: string;
  readonly shard: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly price: number;
}

interface Cleanup {
  after(action: () => Promise<void>): void;
}

export class StreamHouse {
  readonly clock = new SystemClock();
  readonly rows: SeenRow[] = [];
  readonly metrics = new Metrics({ processMetrics: false });
  readonly identity: Identity;
  readonly bus: EmbeddedBus;
  readonly root = mkdtempSync(join(tmpdir(), 'ndts-streams-'));
  /** Folder of the rings of strategies. */
  readonly rings = join(this.root, 'rings');
  readonly token: string;
  local!: LocalDatabase;
  url = '';
  readonly #settings: Readonly<Record<string, string>>;
  #service: FolderService | undefined;
  #server: StreamServer | undefined;
  #price = 0;

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
    const logger = createSilentLogger();
    this.identity = Identity.open({ dir: join(this.root, 'identity'), clock: this.clock, logger });
    this.token = this.identity.createToken('reader', 'viewer');
    this.bus = new EmbeddedBus({ clock: this.clock, logger });
  }

  static async start(
    test: Cleanup,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<StreamHouse> {
    const house = new StreamHouse(settings);
    await house.open();
    test.after(async () => {
      await house.close();
      rmSync(house.root, { recursive: true, force: true });
    });
    return house;
  }

  async open(): Promise<void> {
    const values = loadConfig({
      args: {
        dataDir: join(this.root, 'data'),
        'storage.memoryDir': join(this.root, 'memory'),
        'storage.stagingBytes': String(8 << 20),
        'storage.walFileBytes': String(4 << 20),
        'storage.memtableBytes': String(8 << 20),
        'cluster.shards': String(shards),
        'storage.snapshotIntervalMs': '0',
        'stream.heartbeatMs': '200',
        ...this.#settings,
      },
      environment: {},
    });
    const { clock } = this;
    const logger = createSilentLogger();
    const random = new SeededRandom(1);
    this.local = await openLocalDatabase({ values, clock, random, logger, userId: 0 });
    const { ticks: database, symbols, journal: store } = this.local;
    for (const { id, shard, name } of await symbols.ensure(names))
      database.registerSymbol(id, shard, name);
    this.#service = new FolderService({ database, symbols, clock, store });
    this.#server = await StreamServer.start({
      config: values,
      service: this.#service,
      symbols,
      identity: this.identity,
      bus: this.bus,
      strategyRings: this.rings,
      clock,
      logger,
      metrics: this.metrics,
      anyPort: true,
    });
    this.url = this.#server?.url ?? '';
  }

  async close(): Promise<void> {
    await this.#server?.stop();
    await this.#service?.close();
    await this.local.close();
  }

  append(random: SeededRandom, count: number, symbol?: string): void {
    const { ticks, symbols } = this.local;
    const batch = createTickBatch(count);
    batch.count = count;
    const chosen = Array.from(
      { length: count },
      () => symbol ?? names[random.integer(names.length)] ?? '',
    );
    for (const [row, name] of chosen.entries()) {
      this.#price += 1;
      batch.day[row] = 20_000;
      batch.nsOfDay[row] = this.#price;
      batch.symbol[row] = symbols.byName(name)?.id ?? 0;
      batch.price[row] = this.#price;
    }
    ticks.appendTicks(batch);
    for (const [row, name] of chosen.entries())
      this.rows.push({
        symbol: name,
        shard: batch.shard[row] ?? 0,
        epoch: batch.epoch[row] ?? 0,
        sequence: batch.sequence[row] ?? 0,
        price: batch.price[row] ?? 0,
      });
  }

  /** Once all that was appended is durable: a reader of durable rows begins behind it. */
  async durable(): Promise<void> {
    const { ticks } = this.local;
    const marks = new Float64Array(4 * ticks.shardCount);
    for (;;) {
      ticks.watermarks(marks);
      if (marks.every((mark, at) => at % 4 !== 0 || (marks[at + 1] ?? 0) >= mark)) return;
      await new Promise((resolve) => setTimeout(resolve, 1)); // ambient: the disk's time
    }
  }

  async counted(name: string): Promise<number> {
    const text = await this.metrics.text();
    const lines = text.split('\n').filter((one) => !one.startsWith('#') && one.includes(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** That the listener has. */
  async connections(): Promise<number> {
    return (await this.#server?.connections()) ?? 0;
  }

  /** Closed with the test. */
  async connect(
    test: Cleanup,
    token = this.token,
    tls: Readonly<{ ca?: string }> = {},
  ): Promise<StreamTestClient> {
    const headers = { authorization: `Bearer ${token}` };
    const client = new StreamTestClient(new WebSocket(this.url, { headers, ...tls }), this);
    test.after(async () => client.socket.terminate());
    await client.next(({ type }) => type === 'welcome');
    return client;
  }
}

export type Message = Readonly<Record<string, unknown>>;

export class StreamTestClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly rows: SeenRow[] = [];
  /** Where it goes on, by shard. */
  readonly positions = new Map<number, readonly [number, number, number]>();
  conflated = 0;
  past = 0;
  closed: { code: number; reason: string } | undefined;
  readonly #house: StreamHouse;
  readonly #columns = new Map<number, readonly (readonly [string, string, boolean])[]>();
  #changed: (() => void)[] = [];

  constructor(socket: WebSocket, house: StreamHouse) {
    this.socket = socket;
    this.#house = house;
    socket.on('message', (data: Buffer, binary) => {
      if (binary) this.#takeBinary(data);
      else this.#takeText(JSON.parse(data.toString()) as Message);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  async subscribe(message: object): Promise<Message> {
    this.send({ type: 'subscribe', ...message });
    const { id } = message as { id: number };
    const answer = await this.next(
      (one) => one['id'] === id && (one['type'] === 'subscribed' || one['type'] === 'error'),
    );
    return answer;
  }

  async next(fits: (message: Message) => boolean): Promise<Message> {
    let found: Message | undefined;
    await this.until(() => {
      const at = this.messages.findIndex(fits);
      if (at >= 0) [found] = this.messages.splice(at, 1);
      return found !== undefined;
    });
    return found ?? {};
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.closed !== undefined)
        throw new Error(`closed: ${this.closed.code} ${this.closed.reason}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  async end(): Promise<{ code: number; reason: string }> {
    if (this.closed === undefined) await once(this.socket, 'close');
    return this.closed ?? { code: 0, reason: '' };
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }

  #takeText(message: Message): void {
    this.messages.push(message);
    if (message['type'] === 'subscribed')
      this.#columns.set(Number(message['id']), message['columns'] as never);
    if (message['type'] !== 'rows') return;
    if (message['conflated'] === true) this.conflated += 1;
    const at = (name: string, row: number): unknown => (message[name] as unknown[])?.[row];
    const prices = (message['columns'] as { price: number[] }).price;
    for (let row = 0; row < Number(message['count']); row += 1)
      this.#note({
        symbol: String(at('symbol', row)),
        shard: Number(at('shard', row) ?? -1),
        epoch: Number(at('epoch', row) ?? -1),
        sequence: Number(at('sequence', row)),
        price: prices[row] ?? -1,
      });
    if (message['past'] === true) this.past = this.rows.length;
    for (const one of (message['positions'] ?? []) as [number, number, number][])
      this.positions.set(one[0], one);
  }

  /** As docs/protocol/subscribe.md says it, and with nothing of the server's. */
  #takeBinary(data: Buffer): void {
    const bytes = Uint8Array.from(data);
    const view = new DataView(bytes.buffer);
    const { subscription, flags, positions, rows } = decodeStreamRows(bytes.subarray(0, 24));
    if ((flags & 1) !== 0) this.conflated += 1;
    let at = 24;
    for (let one = 0; one < positions; one += 1, at += 16) {
      const shard = view.getUint32(at, true);
      const sequence = Number(view.getBigUint64(at + 8, true));
      this.positions.set(shard, [shard, view.getUint32(at + 4, true), sequence]);
    }
    const column = (bytesEach: number): number => {
      const start = at;
      at += Math.ceil((rows * bytesEach) / 8) * 8;
      return start;
    };
    const [time, sequence, symbol, shard, epoch] = [8, 8, 4, 4, 4].map(column) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const widths: Record<string, number> = { f64: 8, i64: 8, i32: 4, f32: 4, symbol: 4, bool: 1 };
    let price = 0;
    for (const [name, type, nullable] of this.#columns.get(subscription) ?? []) {
      const start = column(widths[type] ?? 0);
      if (nullable) column(1);
      if (name === 'price') price = start;
    }
    if (at !== bytes.length) throw new Error(`expected ${at} bytes, found ${bytes.length}`);
    for (let row = 0; row < rows; row += 1) {
      const id = view.getUint32(symbol + 4 * row, true);
      const seen = {
        symbol: this.#house.local.symbols.byId(id)?.name ?? '',
        shard: view.getUint32(shard + 4 * row, true),
        epoch: view.getUint32(epoch + 4 * row, true),
        sequence: Number(view.getBigUint64(sequence + 8 * row, true)),
        price: view.getFloat64(price + 8 * row, true),
      };
      const { day, nsOfDay } = readTime(view, time + 8 * row);
      if (day !== 20_000 || nsOfDay !== seen.price) throw new Error('a time that was not sent');
      this.#note(seen);
    }
    if ((flags & 2) !== 0) this.past = this.rows.length;
  }

  #note(row: SeenRow): void {
    this.rows.push(row);
  }
}

/** Rows shard by shard, for who saw all of them. */
export function byShard(rows: readonly SeenRow[]): SeenRow[][] {
  return Array.from({ length: shards }, (_, shard) => rows.filter((row) => row.shard === shard));
}
