// The feed cards on market data over FIX, from a counterparty on loopback that numbers its trades.
// Both have one virtual clock; what is on its way between them arrives before it goes on. What is
// lost is asked for by the session, below the feed; it is the session, too, that gives up a
// connection without a heartbeat, while a market may be quiet for as long as it likes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createFixFeed, type FixFeedOptions, type MessageFeed } from '@ndts/data-node';
import { addNs, type Clock, nsPerMs, type Time } from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, VirtualClock } from '@ndts/runtime';
import { type FixApplication, FixSession, MessageType, Tag } from '@ndts/runtime/fix';
import { type FeedHarness, type FeedKnobs, venueFeedSuite } from './feed-suite.js';

const startMs = Date.UTC(2026, 0, 5, 14);
const symbols = ['BTC', 'ETH', 'SOL'].map((name, at) => ({ id: at + 1, name: `${name}/USD` }));
const aheadNs = 40 * nsPerMs;
const backlogMax = 512;
const heartbeatSeconds = 1;
/** The session asks after 1.2 heartbeats of silence, and gives up after as much again. */
const silenceMs = 2500;
const turnsMax = 100;

// ambient: what was sent over loopback is read in one of the next turns
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

interface Desk {
  readonly session: FixSession;
  readonly socket: Socket;
  readonly names: Set<string>;
}

/** A session for each connection: a snapshot for who subscribes, then trades. */
class Market implements FeedKnobs {
  readonly #clock: VirtualClock;
  readonly #desks = new Set<Desk>();
  readonly #server = createServer((socket) => this.#serve(socket));
  #feed: MessageFeed | undefined;
  #price = 0;
  #sent = 0;
  #tries = 0;
  #isRefusing = false;
  #isSilent = false;
  #losesNext = false;
  isQuiet = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  serves(feed: MessageFeed): void {
    this.#feed = feed;
  }

  step(): void {
    this.#price += 1;
    if (this.#isSilent) return;
    for (const { session, names } of this.#desks) {
      session.doWork();
      if (session.isLoggedOn && !this.isQuiet) for (const name of names) this.#trade(session, name);
      session.flush();
    }
  }

  #trade(session: FixSession, name: string): void {
    this.#say(session, MessageType.marketDataIncrement, [
      ...([[Tag.mdEntryCount, '1'] as const, [Tag.mdUpdateAction, '0'] as const] as const),
      ...([[Tag.mdEntryType, '2'] as const, [Tag.symbol, name] as const] as const),
      ...([[Tag.mdEntryPx, `${this.#price}`] as const, [Tag.mdEntrySize, '1'] as const] as const),
    ]);
  }

  #say(session: FixSession, type: string, fields: readonly (readonly [number, string])[]): void {
    this.#sent += 1;
    session.send(type, (writer) => {
      for (const [tag, value] of fields) writer.text(tag, value);
    });
  }

  /** Until the feed has what was sent, or a connection that is there no more had it. */
  async arrived(): Promise<void> {
    for (let turns = 0; turns < turnsMax; turns += 1) {
      await turn();
      const isAll = (this.#feed?.stats().messages ?? 0) >= this.#sent;
      if (turns >= 2 && isAll) return;
    }
    this.#sent = this.#feed?.stats().messages ?? 0;
  }

  get isServing(): boolean {
    return this.#desks.size > 0;
  }

  async cut(): Promise<void> {
    for (const { socket } of this.#desks) socket.destroy();
    while (this.#feed?.stats().state === 'connected') await turn();
  }

  refuse(): void {
    this.#isRefusing = true;
  }

  accept(): void {
    this.#isRefusing = false;
  }

  silence(): void {
    this.#isSilent = true;
  }

  lose(): void {
    this.#losesNext = true;
  }

  garbage(): number {
    const { session } = [...this.#desks][0]!;
    const name = symbols[0]!.name;
    const [count, add, bid] = [[268, '1'] as const, [279, '0'] as const, [269, '0'] as const];
    const [named, priced] = [[55, name] as const, [270, '5'] as const];
    const messages: [string, (readonly [number, string])[]][] = [
      ['X', [count, add, bid, named]],
      ['X', [count, add, bid, named, [270, 'x'], [271, '1']]],
      ['X', [count, add, bid, named, priced, [271, '-1']]],
      ['X', [count, add, [269, '2'], named, [271, '1']]],
      [
        'Y',
        [
          [262, 'M1'],
          [58, '\u001b[31m'],
        ],
      ],
      [
        'j',
        [
          [45, '1'],
          [372, 'V'],
          [380, '0'],
          [58, 'x'.repeat(5000)],
        ],
      ],
    ];
    for (const [type, fields] of messages) this.#say(session, type, fields);
    session.flush();
    return messages.length;
  }

  tries(): number {
    return this.#tries;
  }

  connections(): number {
    return this.#desks.size;
  }

  subscribed(): readonly string[] {
    return [...this.#desks].flatMap(({ names }) => [...names]);
  }

  close(): void {
    for (const { socket } of this.#desks) socket.destroy();
    this.#server.close();
  }

  #application(desk: () => Desk): FixApplication {
    return {
      onLogon: () => undefined,
      onLogout: () => undefined,
      onMissed: () => undefined,
      isWanted: () => true,
      onMessage: (message) => {
        const { session, names } = desk();
        const name = message.text(Tag.symbol);
        if (message.text(Tag.subscriptionRequestType) !== '1') {
          names.delete(name);
          return;
        }
        names.add(name);
        const fields = [[Tag.symbol, name] as const, [Tag.mdEntryCount, '0'] as const];
        this.#say(session, MessageType.marketDataSnapshot, fields);
      },
    };
  }

  #serve(socket: Socket): void {
    this.#tries += 1;
    socket.on('error', () => undefined);
    if (this.#isRefusing) {
      socket.destroy();
      return;
    }
    this.#isSilent = false;
    const session = new FixSession({
      settings: {
        ...{ role: 'acceptor', beginString: 'FIX.4.4', heartbeatSeconds },
        ...{ senderCompId: 'MARKET', targetCompId: 'DESK' },
      },
      ...{ keyValue: new MemoryKeyValueStore(), name: 'm', clock: behind(this.#clock, aheadNs) },
      logger: createSilentLogger(),
      application: this.#application(() => desk),
    });
    const desk: Desk = { session, socket, names: new Set() };
    this.#desks.add(desk);
    socket.on('close', () => {
      this.#desks.delete(desk);
      session.disconnected('closed');
    });
    socket.on('data', (bytes: Buffer) => {
      if (!this.#isSilent) session.received(bytes);
    });
    session.connected({
      write: (bytes) => {
        if (this.#losesNext && desk.names.size > 0) this.#losesNext = false;
        else socket.write(bytes);
      },
      end: () => void socket.end(),
    });
  }
}

/** The clock of somebody whose clock is late. */
function behind(clock: VirtualClock, lateNs: number): Clock {
  const now = (): Time => addNs(clock.now(), -lateNs);
  return {
    ...{ wallOffset: addNs(clock.wallOffset, -lateNs), now },
    nowMs: () => clock.nowMs() - lateNs / nsPerMs,
    monotonicNs: () => clock.monotonicNs(),
    setTimer: (delayMs, action) => clock.setTimer(delayMs, action),
  };
}

function feedOf(port: number, clock: VirtualClock, more: Partial<FixFeedOptions>): MessageFeed {
  return createFixFeed({
    ...{ name: 'fix', host: '127.0.0.1', port, depth: 0, clock },
    ...{ random: new SeededRandom(1), logger: createSilentLogger() },
    settings: { senderCompId: 'DESK', targetCompId: 'MARKET', heartbeatSeconds },
    symbols: symbols.slice(0, 2),
    ...{ kinds: ['tick'], backlogRows: backlogMax, ...more },
  });
}

async function harness(): Promise<FeedHarness & { readonly knobs: FeedKnobs; market: Market }> {
  const clock = new VirtualClock(startMs);
  const market = new Market(clock);
  const feed = feedOf(await market.open(), clock, {});
  market.serves(feed);
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 1) {
      clock.advance(nsPerMs);
      market.step();
      if (market.isServing) await market.arrived();
    }
    await market.arrived();
  };
  return {
    ...{ feed, symbols, pass, market, knobs: market },
    ...{ backlogMax, silenceMs, aheadNs, isFilledBelow: true, isNumbered: true },
    timers: () => (clock.nextTimerNs() === undefined ? 0 : 1),
    close: async () => {
      const leaving = feed.disconnect();
      market.close();
      await leaving;
    },
  };
}

venueFeedSuite('FIX', harness);

test('a market that is quiet for minutes is not given up', async () => {
  const made = await harness();
  const { feed, market } = made;
  await feed.connect();
  market.isQuiet = true;
  await made.pass(100_000);
  assert.deepEqual([feed.stats().reconnects, market.tries()], [0, 1]);
  await made.close();
});

test('a counterparty that is not there is told at once, and tried ever more seldom', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => void server.close(done));
  const clock = new VirtualClock(startMs);
  const feed = feedOf(port, clock, {});
  await feed.connect(); // without a tick of the clock
  assert.match(feed.stats().reason, /FIX feed 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  assert.equal(feed.stats().state, 'failed');
  await feed.disconnect();
  assert.equal(clock.nextTimerNs(), undefined);
});
