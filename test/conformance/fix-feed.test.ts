// The feed cards on market data over FIX, from a counterparty on loopback that numbers its trades.
// What a venue of its own kind is asked (F6 to F13) is in apps/data-node/src/feed/fix; a lost
// message is asked for by the session, below the feed.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createFixFeed } from '@ndts/data-node';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, SystemClock } from '@ndts/runtime';
import { type FixApplication, FixSession, MessageType, Tag } from '@ndts/runtime/fix';
import { type FeedHarness, feedSuite } from './feed-suite.js';

const symbols = ['BTC', 'ETH', 'SOL'].map((name, at) => ({ id: at + 1, name: `${name}/USD` }));
const stepMs = 2;

/** A session for each connection: a snapshot for who subscribes, then trades. */
class Market {
  readonly #clock = new SystemClock();
  readonly #sessions = new Map<FixSession, Set<string>>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));
  #price = 0;

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  step(): void {
    this.#price += 1;
    for (const [session, names] of this.#sessions) {
      if (!session.isLoggedOn) continue;
      for (const name of names)
        session.send(MessageType.marketDataIncrement, (writer) => {
          writer.whole(Tag.mdEntryCount, 1);
          writer.text(Tag.mdUpdateAction, '0');
          writer.text(Tag.mdEntryType, '2');
          writer.text(Tag.symbol, name);
          writer.whole(Tag.mdEntryPx, this.#price);
          writer.whole(Tag.mdEntrySize, 1);
        });
      session.flush();
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #application(session: () => FixSession, names: Set<string>): FixApplication {
    return {
      onLogon: () => undefined,
      onLogout: () => undefined,
      isWanted: () => false,
      onMessage: (message) => {
        const name = message.text(Tag.symbol);
        if (message.text(Tag.subscriptionRequestType) !== '1') {
          names.delete(name);
          return;
        }
        names.add(name);
        session().send(MessageType.marketDataSnapshot, (writer) => {
          writer.text(Tag.symbol, name);
          writer.whole(Tag.mdEntryCount, 0);
        });
      },
    };
  }

  #serve(socket: Socket): void {
    const names = new Set<string>();
    const session: FixSession = new FixSession({
      settings: {
        ...{ role: 'acceptor', beginString: 'FIX.4.4', heartbeatSeconds: 30 },
        ...{ senderCompId: 'MARKET', targetCompId: 'DESK' },
      },
      ...{ keyValue: new MemoryKeyValueStore(), name: 'm', clock: this.#clock },
      logger: createSilentLogger(),
      application: this.#application(() => session, names),
    });
    this.#sessions.set(session, names);
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sessions.delete(session);
      this.#sockets.delete(socket);
      session.disconnected('closed');
    });
    socket.on('data', (bytes: Buffer) => session.received(bytes));
    session.connected({
      write: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
    });
  }
}

async function harness(): Promise<FeedHarness> {
  const market = new Market();
  const port = await market.open();
  const feed = createFixFeed({
    ...{ name: 'fix', host: '127.0.0.1', port, depth: 0, clock: new SystemClock() },
    ...{ random: new SeededRandom(1), logger: createSilentLogger() },
    settings: { senderCompId: 'DESK', targetCompId: 'MARKET', heartbeatSeconds: 30 },
    symbols: symbols.slice(0, 2),
    kinds: ['tick'],
  });
  return {
    feed,
    symbols,
    isTimed: false,
    pass: async (ms) => {
      for (let at = 0; at < Math.max(1, ms / stepMs / 4); at += 1) {
        market.step();
        await new Promise((done) => void setTimeout(done, 1));
      }
    },
    timers: () => 0,
    close: async () => {
      await feed.disconnect();
      market.close();
    },
  };
}

feedSuite('FIX', harness);
