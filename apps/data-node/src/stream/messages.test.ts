// What comes over a stream and is no row - orders, the account, signals, factors - and streams over
// TLS.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type ExecStatus,
  FactorSlot,
  RecordKind,
  SignalSlot,
  subjects,
  writeTime,
} from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { createSlotRing, type SlotRingWriter } from '@ndts/storage';
import { WebSocket } from 'ws';
import { type Message, StreamHouse, type StreamTestClient } from './stream-test-kit.js';

const slotCount = 256;

function strategyRing(
  context: TestContext,
  house: StreamHouse,
  kind: 'factor' | 'signal',
  generation: number,
): SlotRingWriter {
  mkdirSync(house.rings, { recursive: true, mode: 0o700 });
  const ring = createSlotRing({
    path: join(house.rings, `${kind}-7-${generation}.ring`),
    kind: RecordKind[kind],
    slotBytes: SignalSlot.sizeBytes,
    slotCount,
    owner: 7,
    epoch: generation,
    firstSequence: 0,
  });
  context.after(() => ring.close());
  return ring;
}

function signalSlot(ordinal: number, symbol: number, limitPrice: bigint): Uint8Array {
  const bytes = new Uint8Array(SignalSlot.sizeBytes);
  const view = new DataView(bytes.buffer);
  writeTime(view, SignalSlot.time, 20_000, 5000);
  writeTime(view, SignalSlot.tickTime, 20_000, 4000);
  view.setUint32(SignalSlot.symbol, symbol, true);
  view.setUint32(SignalSlot.instance, 7, true);
  view.setBigUint64(SignalSlot.ordinal, (3n << 32n) + BigInt(ordinal), true);
  view.setInt32(SignalSlot.side, -1, true);
  view.setUint32(SignalSlot.orderType, limitPrice === 0n ? 1 : 2, true);
  view.setBigInt64(SignalSlot.quantity, 250_000_000n, true);
  view.setBigInt64(SignalSlot.limitPrice, limitPrice, true);
  view.setUint32(SignalSlot.validForMs, 2000, true);
  view.setUint32(SignalSlot.shard, 2, true);
  view.setBigUint64(SignalSlot.epoch, 9n, true);
  view.setBigUint64(SignalSlot.sequence, 77n, true);
  view.setFloat64(SignalSlot.factorValue, Number.NaN, true);
  return bytes;
}

function factorSlot(symbol: number, value: number): Uint8Array {
  const bytes = new Uint8Array(FactorSlot.sizeBytes);
  const view = new DataView(bytes.buffer);
  writeTime(view, FactorSlot.time, 20_000, 4000);
  view.setUint32(FactorSlot.symbol, symbol, true);
  view.setUint32(FactorSlot.factor, 1, true);
  view.setFloat64(FactorSlot.value, value, true);
  view.setFloat64(FactorSlot.price, 101.5, true);
  view.setUint32(FactorSlot.shard, 2, true);
  view.setBigUint64(FactorSlot.epoch, 9n, true);
  view.setBigUint64(FactorSlot.sequence, 77n, true);
  return bytes;
}

/** Of several messages of one type. */
async function collect(
  client: StreamTestClient,
  type: string,
  list: string,
  done: (items: readonly Message[]) => boolean,
): Promise<Message[]> {
  const items: Message[] = [];
  while (!done(items)) {
    const message = await client.next((one) => one['type'] === type);
    items.push(...(message[list] as Message[]));
  }
  return items;
}

test('signals: every one of the symbols asked for, of later strategies too', async (context) => {
  const house = await StreamHouse.start(context);
  const early = strategyRing(context, house, 'signal', 3);
  early.publish(signalSlot(1, 1, 0n), 1);
  const [all, some] = await Promise.all([house.connect(context), house.connect(context)]);
  const told = await all.subscribe({ id: 1, kind: 'strategy-signal' });
  assert.deepEqual(told, { type: 'subscribed', id: 1, kind: 'strategy-signal' });
  const second = house.local.symbols.byId(2)?.name;
  await some.subscribe({ id: 4, kind: 'strategy-signal', symbols: [second] });
  early.publish(signalSlot(2, 1, 0n), 1);
  const later = strategyRing(context, house, 'signal', 4);
  later.publish(signalSlot(3, 2, 1_050_000_000n), 1);
  const [two, three, ...more] = await collect(all, 'signals', 'signals', (one) => one.length >= 2);
  assert.deepEqual(more, [], 'what was before is not told');
  const place = { shard: 2, epoch: 9, sequence: 77, factorValue: null };
  const times = { time: { day: 20_000, nsOfDay: 5000 }, tickTime: { day: 20_000, nsOfDay: 4000 } };
  const same = { instance: 7, side: 'sell', quantity: '2.5', validForMs: 2000, ...times, ...place };
  const first = { symbol: 1, symbolName: house.local.symbols.byId(1)?.name };
  const market = { orderType: 'market', limitPrice: null, ordinal: String((3n << 32n) + 2n) };
  assert.deepEqual(two, { ...same, ...first, ...market });
  const limit = { orderType: 'limit', limitPrice: '10.5', ordinal: String((3n << 32n) + 3n) };
  const other = { ...same, symbol: 2, symbolName: second, ...limit };
  assert.deepEqual(three, other);
  assert.deepEqual(await collect(some, 'signals', 'signals', (one) => one.length >= 1), [other]);
});

test('factors: the latest value of each symbol', async (context) => {
  const house = await StreamHouse.start(context, { 'stream.flushMs': '100' });
  const ring = strategyRing(context, house, 'factor', 1);
  const client = await house.connect(context);
  await client.subscribe({ id: 2, kind: 'strategy-factor' });
  for (const [symbol, value] of [
    [1, 0.25],
    [2, Number.NaN],
    [1, 0.5],
  ] as const)
    ring.publish(factorSlot(symbol, value), 1);
  const last = (items: readonly Message[], symbol: number): unknown =>
    items.findLast((one) => one['symbol'] === symbol)?.['value'];
  const seen = await collect(
    client,
    'factors',
    'factors',
    (items) => last(items, 1) === 0.5 && last(items, 2) === null,
  );
  const symbolName = house.local.symbols.byId(1)?.name;
  const tick = { time: { day: 20_000, nsOfDay: 4000 }, shard: 2, epoch: 9, sequence: 77 };
  assert.deepEqual(
    seen.findLast((one) => one['symbol'] === 1),
    { instance: 7, factor: 1, symbol: 1, symbolName, value: 0.5, price: 101.5, ...tick },
  );
});

test('the account: as it is, and when it changes', async (context) => {
  const house = await StreamHouse.start(context);
  const { bus } = house;
  let positions: object[] = [];
  context.after(bus.respond(subjects.execPositions, () => positions));
  const money = { realisedPnl: '1.5', unrealisedPnl: '0', fees: '0.25' };
  const state = { tradingState: 'ACTIVE', openOrders: 2, ...money } as const;
  const tell = (timeMs: number): void =>
    bus.publish(subjects.execStatus, { timeMs, ...state } as Partial<ExecStatus>);
  const client = await house.connect(context);
  await client.subscribe({ id: 5, kind: 'account' });
  const next = (): Promise<Message> => client.next(({ type }) => type === 'account');
  tell(1);
  const account = { ...state, tradingReason: '' };
  assert.deepEqual(await next(), {
    type: 'account',
    id: 5,
    account: { timeMs: 1, ...account, positions: [] },
  });
  tell(2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  positions = [{ symbol: 1, quantity: '3' }];
  tell(3);
  assert.deepEqual((await next())['account'], { timeMs: 3, ...account, positions });
});

test('what is no row has no past, no position and no binary form', async (context) => {
  const house = await StreamHouse.start(context);
  const client = await house.connect(context);
  for (const wrong of [
    { form: 'binary' },
    { mode: 'delayed' },
    { from: 'oldest' },
    { consumer: 'desk' },
  ]) {
    const answer = await client.subscribe({ id: 1, kind: 'account', ...wrong });
    assert.equal(answer['code'], 'INVALID_ARGUMENT', JSON.stringify(wrong));
  }
});

test('over TLS, with a certificate that the client trusts, and not without', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ndts-stream-tls-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const [cert, key] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', cert, '-days', '2'];
  if (spawnSync('openssl', ['version']).status !== 0) {
    context.diagnostic('not tested: there is no openssl here');
    return;
  }
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'ignore' });
  const settings = { 'stream.tlsCert': cert, 'stream.tlsKey': key };
  const house = await StreamHouse.start(context, settings);
  assert.match(house.url, /^wss:/);
  const ca = readFileSync(cert, 'utf8');
  const client = await house.connect(context, house.token, { ca });
  await client.subscribe({ id: 1, form: 'binary' });
  house.append(new SeededRandom(1), 50);
  await client.until(() => client.rows.length >= 50);
  const refused = async (url: string, tls: object): Promise<string> => {
    const headers = { authorization: `Bearer ${house.token}` };
    const socket = new WebSocket(url, { headers, ...tls });
    return new Promise((resolve) => {
      socket.on('open', () => resolve('open'));
      socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? ''));
    });
  };
  assert.equal(await refused(house.url, {}), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.notEqual(await refused(house.url.replace('wss:', 'ws:'), {}), 'open');
  assert.notEqual(await refused(house.url, { ca, maxVersion: 'TLSv1.1' }), 'open');
});
