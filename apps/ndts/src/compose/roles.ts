// The four roles in one process: each is made from the foundation and handed only what it needs.
// They meet in rings, on the bus and in the registry.

import { join } from 'node:path';
import { type CalcNode, createCalcNode, type PulledMarket, signalBellName } from '@ndts/calc-node';
import { type ControlNode, createControlNode } from '@ndts/control-node';
import {
  createDataNode,
  type DataNode,
  type FeedSet,
  type LineFeed,
  openCleaner,
  simulatorSymbolNames,
  type SymbolDoor,
} from '@ndts/data-node';
import {
  createExecNode,
  type ExecNode,
  type LastTicks,
  PaperBroker,
  type PaperBrokerOptions,
  paperSettings,
} from '@ndts/exec-node';
import {
  bookSchema,
  type ConfigValues,
  type TableSchema,
  type TickStreamReader,
  tradeSchema,
} from '@ndts/protocol';
import {
  type BookRingWriter,
  createBookRings,
  createRingBell,
  createTickRings,
  createTradeRings,
  eachLastTick,
  MappedTransport,
  openSlotRing,
  type RingBell,
  type RowRingsOptions,
  type SlotRingReader,
  type TickRingWriter,
  type TradeRingWriter,
} from '@ndts/storage';
import { type BrokerPart, createFixBroker, journalModeOf } from './broker.js';
import { createCcxtBroker } from './broker-ccxt.js';
import { createIbBroker } from './broker-ib.js';
import { createRoute, refusePair } from './broker-route.js';
import { createFeeds, createLineFeed, createSymbolDoor, noSymbolOf } from './feeds.js';
import { type Agent, SeededRandom } from '@ndts/runtime';
import type { Foundation } from './foundation.js';
import { declaredInstruments } from './instruments.js';
import { FollowedTicks, openSource } from './source.js';

/** Where what the data node takes is published. */
export interface MarketRings {
  readonly ticks: TickRingWriter;
  /** Undefined: they are not taken. */
  readonly trades: TradeRingWriter | undefined;
  readonly books: BookRingWriter | undefined;
}

export interface Roles {
  readonly data: DataNode;
  readonly calc: CalcNode;
  readonly exec: ExecNode;
  readonly control: ControlNode;
  readonly rings: MarketRings;
  /** Of another node; undefined: what this one publishes. */
  readonly source: PulledMarket | undefined;
  readonly feeds: FeedSet;
  readonly door: SymbolDoor;
  /** Takes the ticks of line protocol; undefined: they go into their table. */
  readonly line: LineFeed | undefined;
  /** Wakes the duty cycle for signals. */
  readonly signals: Agent;
}

export async function createRoles(foundation: Foundation, version: string): Promise<Roles> {
  const door = createSymbolDoor(foundation);
  await registerSymbols(foundation, door);
  const rings = openRings(foundation);
  const source = openSource(foundation);
  const exec = await createExec(foundation, (name) => openMarket(foundation, rings, source, name));
  const ringDir = join(foundation.folder.memory, 'rings');
  const signalRings = new SignalRings(foundation, exec, ringDir);
  const calc = createCalcNode({
    config: foundation.values,
    ...shared(foundation),
    database: foundation.ticks,
    registry: foundation.registry,
    symbols: foundation.symbols,
    tickRings: rings.ticks.paths,
    bookRings: rings.books?.paths,
    ...(source === undefined ? {} : { source }),
    ringDir,
    onSignalRing: signalRings.attach,
  });
  const line = createLineFeed(foundation, door);
  const feeds = createFeeds(foundation, line);
  feeds.onRows = () => foundation.wakes.onWork();
  const leave = foundation.ticks.watchAppends(() => foundation.wakes.onWork());
  foundation.closing.defer('wakes', leave);
  const data = createDataNode({
    config: foundation.values,
    ...shared(foundation),
    feed: feeds,
    cleaner: cleanerOf(foundation),
    database: foundation.ticks,
    rings: rings.ticks,
    ...(rings.trades === undefined ? {} : { tradeRings: rings.trades }),
    ...(rings.books === undefined ? {} : { bookRings: rings.books }),
    symbols: foundation.symbols,
    audit: foundation.audit,
    noSymbol: () => noSymbolOf(foundation),
  });
  const control = createControlNode({
    config: foundation.values,
    ...shared(foundation),
    registry: foundation.registry,
    jobs: foundation.jobs,
    identity: foundation.identity,
    audit: foundation.audit,
    nodeId: `${foundation.nodeName}-control`,
    version,
  });
  return { data, calc, exec, control, rings, source, feeds, door, line, signals: signalRings };
}

/** Hands the exec node the signal ring of each start of a strategy; the one before is closed. While
 * the duty cycle sleeps the bell of signals wakes it. */
class SignalRings implements Agent {
  readonly name = 'signals';
  readonly #bell: RingBell;
  #isResting = false;
  readonly #exec: ExecNode;
  readonly #open = new Map<number, SlotRingReader>();
  readonly attach = (instance: number, name: string, path: string): void => {
    this.#release(instance);
    const reader = openSlotRing(path, 'oldest');
    this.#open.set(instance, reader);
    this.#exec.addSignalRing(instance, name, reader);
  };

  constructor(foundation: Foundation, exec: ExecNode, dir: string) {
    this.#exec = exec;
    this.#bell = createRingBell(join(dir, signalBellName), () => {
      this.#isResting = false;
      foundation.wakes.onWork();
    });
    foundation.closing.defer('bell of signals', () => this.#bell.close());
    foundation.closing.defer('signal rings', () => {
      for (const instance of [...this.#open.keys()]) this.#release(instance);
    });
  }

  doWork(): number {
    return 0;
  }

  /** Now, the first time: the rings are looked at once more before the cycle sleeps. */
  dueNs(): number {
    if (this.#isResting) return Number.POSITIVE_INFINITY;
    this.#isResting = true;
    this.#bell.rest();
    return 0;
  }

  #release(instance: number): void {
    const reader = this.#open.get(instance);
    if (reader === undefined) return;
    this.#exec.removeSignalRing(instance);
    reader.close();
    this.#open.delete(instance);
  }
}

function shared(foundation: Foundation): Pick<Foundation, 'bus' | 'clock' | 'metrics' | 'logger'> {
  const { bus, clock, metrics, logger } = foundation;
  return { bus, clock, metrics, logger };
}

async function registerSymbols(foundation: Foundation, door: SymbolDoor): Promise<void> {
  const names = simulatorSymbolNames(foundation.values.feed.symbols);
  if (foundation.values.feed.kind === 'simulator') await door.ensure(names);
  for (const entry of foundation.symbols.all())
    foundation.ticks.registerSymbol(entry.id, entry.shard, entry.name);
}

function openRings(foundation: Foundation): MarketRings {
  const { ticks, values, folder, closing } = foundation;
  const { feed, storage } = values;
  const shards = Array.from({ length: ticks.shardCount }, (_, shard) => shard);
  const shape = (slotCount: number, schema?: TableSchema): RowRingsOptions => {
    const table = schema === undefined ? undefined : ticks.createTable(schema);
    return {
      dir: join(folder.memory, 'rings'),
      slotCount,
      epochs: shards.map((shard) => ticks.epoch(shard)),
      firstSequences: shards.map((shard) => ticks.nextSequence(shard, table)),
    };
  };
  const kept = <Writer extends { close(): void }>(name: string, writer: Writer): Writer => {
    closing.defer(name, () => writer.close());
    return writer;
  };
  const { ringSlots, tradeRingSlots, bookRingSlots } = storage;
  return {
    ticks: kept('rings', createTickRings(shape(ringSlots))),
    trades: feed.trades
      ? kept('rings of trades', createTradeRings(shape(tradeRingSlots, tradeSchema)))
      : undefined,
    books: feed.books
      ? kept('rings of books', createBookRings(shape(bookRingSlots, bookSchema)))
      : undefined,
  };
}

function cleanerOf(foundation: Foundation): ReturnType<typeof openCleaner> {
  const cleaner = openCleaner(foundation.values);
  foundation.closing.defer('cleaner', () => cleaner.close());
  return cleaner;
}

async function createExec(foundation: Foundation, market: VenueParts['market']): Promise<ExecNode> {
  const { values, journal, symbols } = foundation;
  const { broker: first, backup } = values.exec;
  refusePair(values);
  const instruments = await declaredInstruments(foundation);
  let node: ExecNode | undefined;
  const instrumentOf: VenueParts['instrumentOf'] = (symbol) =>
    node?.ledger.books.instrument(symbol);
  const venues = { market, instrumentOf };
  const primary = await createBroker(foundation, venues, first);
  const broker =
    backup === 'none'
      ? primary.gateway
      : createRoute(foundation, primary, await createBroker(foundation, venues, backup));
  node = createExecNode({
    config: { ...values, exec: { ...values.exec, journalMode: journalModeOf(values) } },
    ...shared(foundation),
    journal,
    broker,
    market: market('market'),
    lastTicks: lastTicksOf(foundation),
    symbolName: (id) => symbols.byId(id)?.name ?? `#${id}`,
    epoch: foundation.ticks.epoch(0),
    instruments,
  });
  return node;
}

/** What the simulated venue is made of. */
interface VenueParts {
  /** All ticks from now on; by the name of who reads them. */
  readonly market: (name: string) => TickStreamReader;
  readonly instrumentOf: NonNullable<PaperBrokerOptions['instrumentOf']>;
}

async function createBroker(
  foundation: Foundation,
  venues: VenueParts,
  kind: ConfigValues['exec']['broker'],
): Promise<BrokerPart> {
  switch (kind) {
    case 'paper':
      return { gateway: createPaper(foundation, venues), trades: () => true };
    case 'fix':
      return createFixBroker(foundation);
    case 'ib':
      return createIbBroker(foundation);
    case 'ccxt':
      return createCcxtBroker(foundation);
  }
}

function createPaper(foundation: Foundation, venues: VenueParts): PaperBroker {
  const { market, instrumentOf } = venues;
  const { values, clock, logger, folder } = foundation;
  const { paperSeed } = values.exec;
  const random = paperSeed === 0 ? foundation.random.fork('paper') : new SeededRandom(paperSeed);
  return new PaperBroker({
    dir: folder.venue,
    market: market('venue market'),
    lastTicks: lastTicksOf(foundation),
    instrumentOf,
    ...{ clock, logger, random },
    ...paperSettings(values),
  });
}

/** The last stored tick of each symbol. */
function lastTicksOf({ ticks, symbols }: Foundation): LastTicks {
  return (take) => eachLastTick(ticks, symbols.all(), take);
}

/** All ticks from now on. */
function openMarket(
  foundation: Foundation,
  { ticks: { paths } }: MarketRings,
  source: PulledMarket | undefined,
  name: string,
): TickStreamReader {
  const own = (): TickStreamReader => new MappedTransport(paths).openTicks([...paths.keys()]);
  const market = source === undefined ? own() : new FollowedTicks(source);
  foundation.closing.defer(name, () => market.close());
  return market;
}
