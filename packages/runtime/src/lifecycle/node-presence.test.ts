import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lease, type NodeHeartbeat, NdtsError, type Registry, subjects } from '@ndts/protocol';
import { VirtualClock } from '../clock/virtual-clock.js';
import { EmbeddedBus } from '../embedded/embedded-bus.js';
import { EmbeddedRegistry } from '../embedded/embedded-registry.js';
import { MemoryKeyValueStore } from '../embedded/memory-key-value-store.js';
import { createSilentLogger } from '../log/logger.js';
import { SeededRandom } from '../random/seeded-random.js';
import { NodePresence, type NodePresenceOptions } from './node-presence.js';

const logger = createSilentLogger();
const ttlMs = 3_000;
const usableNs = ttlMs * 0.9 * 1e6;

/** The registry of a test, whose calls can be made to fail or hang. */
class FlakyRegistry {
  mode: 'works' | 'fails' | 'hangs' = 'works';
  /** Called before each renewal that works. */
  beforeRenewal: () => Promise<void> = () => Promise.resolve();
  lease: Lease | undefined;
  readonly inner: Registry;

  constructor(inner: Registry) {
    this.inner = inner;
  }

  asRegistry(): Registry {
    const through = <Result>(call: () => Promise<Result>): Promise<Result> => {
      if (this.mode === 'hangs') return new Promise<Result>(() => undefined);
      if (this.mode === 'fails') return Promise.reject(new NdtsError('UNAVAILABLE', 'away'));
      return call();
    };
    const { inner } = this;
    return {
      get: (key) => through(() => inner.get(key)),
      list: (prefix) => through(() => inner.list(prefix)),
      put: (key, value, options) => through(() => inner.put(key, value, options)),
      delete: (key, options) => through(() => inner.delete(key, options)),
      watch: (prefix, listener) => inner.watch(prefix, listener),
      campaign: (name, candidate, lease) => inner.campaign(name, candidate, lease),
      leader: (name) => inner.leader(name),
      close: () => inner.close(),
      grantLease: (ttl) =>
        through(async () => {
          const lease = await inner.grantLease(ttl);
          this.lease = lease;
          const renew = () => this.beforeRenewal().then(() => lease.renew());
          return { ...lease, renew: () => through(renew) };
        }),
    };
  }
}

function scene(overrides: Partial<NodePresenceOptions> = {}) {
  const clock = new VirtualClock(1_000_000);
  const bus = new EmbeddedBus({ clock, logger });
  const store = new MemoryKeyValueStore();
  const random = new SeededRandom(1);
  const registry = new EmbeddedRegistry({ store, clock, random, logger });
  const flaky = new FlakyRegistry(registry);
  const heartbeats: NodeHeartbeat[] = [];
  bus.subscribe(subjects.heartbeat, ({ payload }) => heartbeats.push(payload as NodeHeartbeat));
  const options: NodePresenceOptions = {
    registry: flaky.asRegistry(),
    bus,
    clock,
    logger,
    nodeId: 'data-1',
    role: 'data',
    host: '127.0.0.1',
    pid: 42,
    version: '0.1.0',
    epoch: 7,
    leaseTtlMs: ttlMs,
    heartbeatIntervalMs: 1_000,
    load: () => ({ memory: 0.5, queue: 0.25, cpu: 0.75 }),
    health: () => ({ ok: true, detail: 'fine', progress: 9 }),
    state: () => 'ACTIVE',
    ...overrides,
  };
  return { clock, bus, registry, flaky, heartbeats, options, presence: new NodePresence(options) };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function elapse(clock: VirtualClock, ms: number): Promise<void> {
  const endNs = clock.monotonicNs() + ms * 1e6;
  while (clock.monotonicNs() < endNs) {
    const nextNs = Math.min(clock.nextTimerNs() ?? endNs, endNs);
    clock.advance(nextNs - clock.monotonicNs());
    await settle();
  }
}

test('a started node stands in the registry, beats and answers', async () => {
  const { presence, registry, bus, heartbeats, clock } = scene();
  assert.equal(presence.ownsUntilNs(), 0);
  await presence.start();
  const record = await registry.get('nodes/data-1');
  assert.deepEqual(JSON.parse(record?.value as string), {
    nodeId: 'data-1',
    role: 'data',
    host: '127.0.0.1',
    pid: 42,
    version: '0.1.0',
    epoch: 7,
    state: 'ACTIVE',
    startedMs: 1_000_000,
  });
  assert.notEqual(record?.lease, undefined);
  assert.deepEqual(await bus.request(subjects.health('data-1'), undefined), {
    ok: true,
    detail: 'fine',
    progress: 9,
  });
  await elapse(clock, 3_000);
  assert.equal(heartbeats.length, 4);
  assert.ok(Math.abs((heartbeats[0]?.loadScore ?? 0) - 0.35) < 1e-12);
  assert.equal(heartbeats[3]?.timeMs, 1_003_000);
  await assert.rejects(presence.start(), { code: 'ALREADY_EXISTS' });
  await presence.stop();
  await presence.stop();
  assert.equal(await registry.get('nodes/data-1'), undefined);
  await assert.rejects(bus.request(subjects.health('data-1'), 0), { code: 'UNAVAILABLE' });
  await elapse(clock, 5_000);
  assert.deepEqual(
    heartbeats.slice(4).map((one) => one.state),
    ['DRAINING'],
    'it says that it leaves, then nothing',
  );
});

test('it owns until the last confirmed renewal was sent, plus lease, minus margin', async () => {
  const { presence, clock, flaky } = scene();
  await presence.start();
  assert.equal(presence.ownsUntilNs(), usableNs);
  await elapse(clock, ttlMs / 3);
  assert.equal(presence.ownsUntilNs(), (ttlMs / 3) * 1e6 + usableNs);
  flaky.mode = 'hangs';
  const deadline = presence.ownsUntilNs();
  await elapse(clock, ttlMs * 2);
  assert.equal(presence.ownsUntilNs(), deadline);
  assert.ok(clock.monotonicNs() > deadline, 'no longer an owner, though nobody told it');
  flaky.mode = 'works';
  await elapse(clock, ttlMs);
  assert.ok(presence.ownsUntilNs() > clock.monotonicNs());
  await presence.stop();
});

test('a renewal counts from when it was sent, not from when it was confirmed', async () => {
  const { presence, clock, flaky } = scene();
  await presence.start();
  flaky.beforeRenewal = () => new Promise((resolve) => void clock.setTimer(700, resolve));
  await elapse(clock, ttlMs / 3 + 700);
  assert.equal(presence.ownsUntilNs(), (ttlMs / 3) * 1e6 + usableNs);
  flaky.beforeRenewal = () => Promise.resolve();
  await presence.stop();
});

test('told of a loss, it stops owning before its deadline', async () => {
  const { presence, clock, flaky } = scene();
  await presence.start();
  const deadline = presence.ownsUntilNs();
  await flaky.lease?.revoke();
  // The renewal is refused; a new lease is not to be had.
  flaky.beforeRenewal = async () => {
    flaky.mode = 'hangs';
  };
  await elapse(clock, ttlMs / 3);
  assert.ok(clock.monotonicNs() < deadline);
  assert.equal(presence.ownsUntilNs(), 0);
  await presence.stop();
});

test('it never owns longer than the registry keeps its lease', async () => {
  const { presence, clock, flaky, registry } = scene();
  await presence.start();
  const random = new SeededRandom(3);
  for (let round = 0; round < 60; round++) {
    const modes = ['works', 'fails', 'hangs'] as const;
    flaky.mode = modes[random.integer(3)] as 'works';
    await elapse(clock, random.integer(1_500));
    const owns = clock.monotonicNs() < presence.ownsUntilNs();
    const record = await registry.get('nodes/data-1');
    assert.ok(!owns || record !== undefined, `round ${round}: owns without a lease`);
  }
  flaky.mode = 'works';
  await elapse(clock, ttlMs * 2);
  assert.ok(clock.monotonicNs() < presence.ownsUntilNs());
  await presence.stop();
});

test('a lost lease ends ownership at once, and is granted again', async () => {
  const { presence, clock, registry } = scene();
  await presence.start();
  const before = await registry.get('nodes/data-1');
  // The whole process stood still for longer than the lease: its timers come late.
  clock.advance(ttlMs * 3e6);
  assert.ok(clock.monotonicNs() > presence.ownsUntilNs());
  await elapse(clock, 2_000);
  const after = await registry.get('nodes/data-1');
  assert.notEqual(after?.lease, before?.lease);
  assert.ok((after?.createRevision ?? 0) > (before?.createRevision ?? 0));
  assert.ok(clock.monotonicNs() < presence.ownsUntilNs());
  await presence.stop();
});

test('start tries until the registry answers', async () => {
  const { presence, clock, flaky, heartbeats } = scene();
  flaky.mode = 'fails';
  let started = false;
  const starting = presence.start().then(() => {
    started = true;
  });
  await elapse(clock, 4_000);
  assert.equal(started, false);
  assert.equal(heartbeats.length, 0);
  flaky.mode = 'works';
  await elapse(clock, 3_000);
  await starting;
  assert.ok(heartbeats.length > 0);
  await presence.stop();
});

test('a second process with the same name waits until the first is gone', async () => {
  const { presence, options, clock, registry } = scene();
  await presence.start();
  const bus = new EmbeddedBus({ clock, logger });
  const second = new NodePresence({ ...options, bus, pid: 43 });
  const starting = second.start();
  await elapse(clock, 5_000);
  assert.equal(second.ownsUntilNs(), 0);
  assert.equal(JSON.parse((await registry.get('nodes/data-1'))?.value as string).pid, 42);
  await presence.stop();
  await elapse(clock, 3_000);
  await starting;
  assert.equal(JSON.parse((await registry.get('nodes/data-1'))?.value as string).pid, 43);
  await second.stop();
});

test('a change of state is recorded', async () => {
  let state: 'ACTIVE' | 'DRAINING' = 'ACTIVE';
  const { presence, clock, registry, heartbeats } = scene({ state: () => state });
  await presence.start();
  state = 'DRAINING';
  await elapse(clock, 1_000);
  assert.equal(JSON.parse((await registry.get('nodes/data-1'))?.value as string).state, 'DRAINING');
  assert.equal(heartbeats.at(-1)?.state, 'DRAINING');
  await presence.stop();
});

test('stop during a start ends it', async () => {
  const { presence, flaky, registry, clock } = scene();
  flaky.mode = 'hangs';
  const starting = assert.rejects(presence.start(), { code: 'CLOSED' });
  await settle();
  await presence.stop();
  await starting;
  flaky.mode = 'works';
  await elapse(clock, ttlMs * 2);
  assert.equal(await registry.get('nodes/data-1'), undefined);
});
