// The feeds of the data node: the simulator of the configuration and what people add, as one set;
// and their list on the bus.

import { join } from 'node:path';
import {
  allDirtKinds,
  dirtKinds,
  FeedManager,
  FeedSet,
  LineFeed,
  type MarketSession,
  NamePolicy,
  noSymbolName,
  Simulator,
  simulatorSymbolNames,
  SymbolDoor,
} from '@ndts/data-node';
import {
  type FeedDefinition,
  type FeedNameRequest,
  type FeedRecordRequest,
  NdtsError,
  subjects,
} from '@ndts/protocol';
import { eachLastTick } from '@ndts/storage';
import type { Foundation } from './foundation.js';

const feedPrefix = 'feeds/';
const hourMs = 3_600_000;
const minuteMs = 60_000;
const hours = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/;

/** 09:30-11:30 */
function sessionOf(text: string): MarketSession {
  const found = hours.exec(text);
  if (found === null)
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `feed.sessions: expected hours as 09:30-11:30, found '${text}'`,
    );
  const [, fromHour, fromMinute, toHour, toMinute] = found.map(Number);
  return {
    fromMs: (fromHour ?? 0) * hourMs + (fromMinute ?? 0) * minuteMs,
    toMs: (toHour ?? 0) * hourMs + (toMinute ?? 0) * minuteMs,
  };
}

/** Through which every feed's new names become symbols. */
export function createSymbolDoor(foundation: Foundation): SymbolDoor {
  const { values, symbols, ticks, logger, metrics } = foundation;
  const { countMax, nameBytesMax, characters } = values.symbols;
  return new SymbolDoor({
    names: symbols,
    policy: new NamePolicy(characters, nameBytesMax),
    countMax,
    logger,
    metrics,
    onRegistered: ({ id, shard, name }) => ticks.registerSymbol(id, shard, name),
  });
}

/** The symbol of what feeds could not read. */
export async function noSymbolOf({ symbols, ticks }: Foundation): Promise<number> {
  const [entry] = await symbols.ensure([noSymbolName]);
  if (entry === undefined) return 0;
  ticks.registerSymbol(entry.id, entry.shard, entry.name);
  return entry.id;
}

function createSimulator(foundation: Foundation): Simulator {
  const { values, symbols, ticks, clock } = foundation;
  const { feed } = values;
  const lastPrices = new Map<number, number>();
  eachLastTick(ticks, symbols.all(), (last) => {
    for (let row = 0; row < last.count; row += 1)
      lastPrices.set(last.symbol[row] ?? 0, last.price[row] ?? 0);
  });
  const names = new Set(simulatorSymbolNames(feed.symbols));
  return new Simulator({
    symbols: symbols.all().filter((entry) => names.has(entry.name)),
    ticksPerSecond: feed.ticksPerSecond,
    seed: feed.seed,
    trades: feed.trades && feed.simulatedTrades,
    books: feed.books && feed.simulatedBooks,
    dirtPerMillion: feed.dirtPerMillion,
    dirt: feed.dirt === 'all' ? allDirtKinds : dirtKinds,
    sessions: feed.sessions.map(sessionOf),
    isShaped: feed.shaped,
    burstsPerMillion: feed.burstsPerMillion,
    haltsPerMillion: feed.haltsPerMillion,
    gapsPerMillion: feed.gapsPerMillion,
    clock,
    lastPrices,
  });
}

/** Line protocol as a feed; undefined: it is off, or all its rows go into their tables. */
export function createLineFeed(foundation: Foundation, door: SymbolDoor): LineFeed | undefined {
  const { line, feed } = foundation.values;
  const kinds = [
    ...(line.ticks === 'feed' ? (['tick'] as const) : []),
    ...(line.trades === 'feed' && feed.trades ? (['trade'] as const) : []),
  ];
  if (kinds.length === 0 || (line.tcpPort === 0 && line.httpPort === 0)) return undefined;
  return new LineFeed({
    clock: foundation.clock,
    ensure: (names) => door.ensure(names),
    kinds,
  });
}

export function createFeeds(foundation: Foundation, line: LineFeed | undefined): FeedSet {
  const simulators =
    foundation.values.feed.kind === 'simulator' ? [createSimulator(foundation)] : [];
  return new FeedSet(line === undefined ? simulators : [...simulators, line]);
}

/** Answers for the feeds, and begins those that were added before. */
export async function serveFeeds(
  foundation: Foundation,
  set: FeedSet,
  door: SymbolDoor,
): Promise<void> {
  const { bus, clock, closing, folder, logger, random, registry, values } = foundation;
  const manager = new FeedManager({
    set,
    store: {
      list: async () =>
        (await registry.list(feedPrefix)).map(({ value }) => JSON.parse(value) as FeedDefinition),
      put: async (definition) => {
        await registry.put(feedPrefix + definition.name, JSON.stringify(definition));
      },
      remove: async (name) => {
        await registry.delete(feedPrefix + name);
      },
    },
    clock,
    random: random.fork('feeds'),
    kinds: [
      'tick',
      ...(values.feed.trades ? (['trade'] as const) : []),
      ...(values.feed.books ? (['book'] as const) : []),
    ],
    logger,
    recordingDir: values.feed.recordingDir || join(folder.root, 'recordings'),
    unpack: { dir: join(folder.root, 'unpacked'), bytesMax: values.feed.unpackedBytesMax },
    door,
    secrets: foundation.secrets,
  });
  bus.respond(subjects.dataRefusedNames, () => door.refused());
  bus.respond(subjects.dataFeeds, () => manager.list());
  bus.respond(subjects.dataFeedAdd, (request) => manager.add(request as FeedDefinition));
  bus.respond(subjects.dataFeedRemove, (request) =>
    manager.remove((request as FeedNameRequest).name),
  );
  bus.respond(subjects.dataFeedRecord, (request) => {
    const { name, on } = request as FeedRecordRequest;
    return manager.record(name, on);
  });
  bus.respond(subjects.dataFeedRejects, (request) =>
    manager.rejects((request as FeedNameRequest).name),
  );
  closing.defer('feeds', () => manager.stop());
  await manager.start();
}
