// The FIX gateway and QuickFIX, which others wrote: two readings of one standard must agree about
// log-on, numbers, gaps on both sides, resends, good-bye, and a crash of either.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FixBroker } from '@ndts/exec-node';
import { OrderState, OrderType, type OrderIntent, parseMoney } from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, SystemClock } from '@ndts/runtime';
import { FaultProxy } from '../kit/fault-proxy.js';
import { freePort } from '../kit/free-port.js';
import { QuickfixAcceptor, quickfixAbsent } from '../kit/quickfix.js';
import { temporaryFolder } from '../kit/temporary-folder.js';
import { Heard } from './broker-kit.js';

const waitMs = 5;

function order(clientOrderId: string, limit: string): OrderIntent {
  const time = { day: 20_000, nsOfDay: 0 };
  return {
    ...{ clientOrderId, account: 'a', instance: 7, ordinal: 1n, symbol: 1, side: 1 },
    orderType: limit === '0' ? OrderType.market : OrderType.limit,
    ...{ quantity: parseMoney('2'), limitPrice: parseMoney(limit), broker: 'quickfix' },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
  };
}

class Talk {
  readonly keyValue = new MemoryKeyValueStore();
  readonly venue: QuickfixAcceptor;
  readonly proxy: FaultProxy;
  broker: FixBroker;
  heard = new Heard();

  constructor(venue: QuickfixAcceptor, proxy: FaultProxy) {
    this.venue = venue;
    this.proxy = proxy;
    this.broker = this.start();
  }

  /** The process of the gateway. */
  start(): FixBroker {
    return new FixBroker({
      settings: {
        ...{ name: 'quickfix', host: '127.0.0.1', port: this.proxy.port, account: '' },
        ...{ senderCompId: 'DESK', targetCompId: 'VENUE', heartbeatSeconds: 30, durable: true },
        ...{ resetOnLogon: false, deduplicates: 'none', resendOrdersMs: 600_000, inFlightMs: 10 },
        ...{ queryTimeoutMs: 30_000, connectTimeoutMs: 30_000, tellsTrades: false },
        ...{ tellsPositions: false, backOff: { firstMs: 20, maxMs: 100 } },
      },
      ...{ keyValue: this.keyValue, clock: new SystemClock(), random: new SeededRandom(1) },
      logger: createSilentLogger(),
      symbols: { nameOf: (id) => `S${id}`, idOf: (name) => Number(name.slice(1)) },
    });
  }

  saw(line: string): boolean {
    return this.venue.said.includes(line);
  }

  async until(what: () => boolean, about: string): Promise<void> {
    for (let count = 0; !what(); count++) {
      assert.ok(count < 60_000, `never: ${about}`);
      this.broker.connected();
      this.broker.doWork();
      await new Promise((done) => void setTimeout(done, waitMs));
    }
  }
}

async function trade(talk: Talk): Promise<void> {
  const { broker, heard } = talk;
  await broker.connect(heard);
  broker.submit(order('7-1-0', '0'));
  broker.submit(order('7-2-0', '90'));
  const isAnswered = (): boolean => heard.fills.length === 1 && heard.states('7-2-0').length === 1;
  await talk.until(isAnswered, 'answers');
  assert.deepEqual(heard.states('7-1-0'), [OrderState.accepted]);
  assert.equal(heard.fills[0]?.price, parseMoney('100'));
  assert.equal((await broker.queryOrder('7-1-0'))?.state, OrderState.filled);
  assert.equal((await broker.queryOrder('7-2-0'))?.state, OrderState.accepted);
  assert.equal(await broker.queryOrder('7-9-0'), undefined);
  broker.cancel('7-2-0');
  await talk.until(() => heard.states('7-2-0').includes(OrderState.canceled), 'the cancel');
}

async function die(talk: Talk): Promise<void> {
  talk.broker.kill();
  await talk.until(() => talk.saw('logout'), 'its log-out');
  talk.venue.tell('report 3');
  talk.broker = talk.start();
  talk.heard = new Heard();
  await talk.broker.connect(talk.heard);
  await talk.until(() => talk.heard.updates.length >= 3, 'its reports');
  const ids = talk.heard.updates.map(({ clientOrderId }) => clientOrderId);
  assert.deepEqual(ids.slice(-3), ['R0', 'R1', 'R2']);
}

async function loseOrder(talk: Talk): Promise<void> {
  talk.proxy.stall();
  talk.broker.submit(order('7-3-0', '0'));
  talk.broker.doWork();
  await talk.keyValue.durable();
  talk.proxy.reset();
  talk.proxy.clear();
  await talk.until(() => talk.saw('app D 7-3-0'), 'the order');
  await talk.until(() => talk.heard.filled('7-3-0') === parseMoney('2'), 'its execution');
  assert.equal(talk.venue.said.filter((line) => line === 'app D 7-3-0').length, 1);
}

async function logOut(talk: Talk): Promise<void> {
  const logons = (): number => talk.venue.said.filter((line) => line === 'logon').length;
  const before = logons();
  talk.venue.tell('logout');
  await talk.until(() => talk.saw('admin 5'), 'our answer');
  talk.venue.tell('logon');
  await talk.until(() => logons() > before, 'another log-on');
  await executes(talk, '7-4-0');
}

async function crash(talk: Talk): Promise<void> {
  await talk.venue.kill();
  await talk.venue.start();
  const isBack = (): boolean => talk.saw('logon') && talk.broker.connected();
  await talk.until(isBack, 'another log-on');
  await executes(talk, '7-5-0');
}

async function executes(talk: Talk, id: string): Promise<void> {
  await talk.until(() => talk.broker.connected(), 'a session');
  talk.broker.submit(order(id, '0'));
  await talk.until(() => talk.heard.filled(id) > 0n, 'an execution');
}

test('with QuickFIX', { skip: quickfixAbsent() }, async (context) => {
  const dir = await temporaryFolder(context);
  const port = await freePort();
  const venue = new QuickfixAcceptor(dir, port);
  await venue.start();
  context.after(() => venue.kill());
  const talk = new Talk(venue, await FaultProxy.start(context, `127.0.0.1:${port}`));
  context.after(() => talk.broker.disconnect());
  await context.test('orders, a cancel, questions', () => trade(talk));
  await context.test('what it sent while we were dead comes at the next log-on', () => die(talk));
  await context.test('what we sent into a dead line is sent again when asked for', () =>
    loseOrder(talk),
  );
  await context.test('it logs out, and we come again with the numbers that follow', () =>
    logOut(talk),
  );
  await context.test('it crashes, and its numbers are those of its own files', () => crash(talk));
});
