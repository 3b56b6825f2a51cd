// The view of nodes on the embedded registry and bus, under virtual time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type HealthReport, type Lease, type NodeHeartbeat, subjects } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  EmbeddedRegistry,
  MemoryKeyValueStore,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import { Membership, type NodeView } from './membership.js';

let clock: VirtualClock;
let bus: EmbeddedBus;
let registry: EmbeddedRegistry;
let membership: Membership;

beforeEach(async () => {
  clock = new VirtualClock();
  const logger = createSilentLogger();
  bus = new EmbeddedBus({ clock, logger });
  registry = new EmbeddedRegistry({
    store: new MemoryKeyValueStore(),
    clock,
    random: new SeededRandom(3),
    logger,
  });
  membership = new Membership({
    registry,
    bus,
    clock,
    logger,
    policy: () => ({ heartbeatIntervalMs: 1000, checkIntervalMs: 5000, leaseTtlMs: 10_000 }),
  });
  await membership.start();
});

afterEach(async () => {
  membership.stop();
  await registry.close();
  await bus.close();
});

/** Lets what was promised happen; virtual time stands still. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function register(nodeId: string, epoch = 1): Promise<Lease> {
  const lease = await registry.grantLease(60_000);
  const record = { nodeId, role: 'exec', host: 'h', pid: 9, version: '1', epoch, state: 'ACTIVE' };
  await registry.put(`nodes/${nodeId}`, JSON.stringify(record), { lease: lease.id });
  await settle();
  return lease;
}

function beat(nodeId: string, change: Partial<NodeHeartbeat> = {}): void {
  const standard = { role: 'exec', host: 'h', pid: 9, state: 'ACTIVE', version: '1', epoch: 1 };
  bus.publish(subjects.heartbeat, {
    ...standard,
    nodeId,
    loadScore: 0.5,
    cpu: 0.25,
    timeMs: 0,
    ...change,
  });
}

/** One second of cluster life: a heartbeat, then whatever checks are due. */
async function second(nodeId: string): Promise<void> {
  clock.advance(1e9);
  beat(nodeId);
  membership.doWork(clock.monotonicNs());
  await settle();
}

function only(): NodeView {
  const [node, ...rest] = membership.nodes();
  assert.ok(node);
  assert.equal(rest.length, 0);
  return node;
}

test('a registered node is checked at once and shown with load and response time', async () => {
  let asked = 0;
  bus.respond(subjects.health('n1'), (): HealthReport => {
    asked += 1;
    return { ok: true, detail: '', progress: asked };
  });
  await register('n1');
  beat('n1');
  assert.equal(only().responseMs, null);
  assert.equal(membership.doWork(clock.monotonicNs()), 1);
  await settle();
  assert.equal(membership.doWork(clock.monotonicNs()), 0);
  const node = only();
  assert.deepEqual(
    [node.state, node.loadScore, node.cpu, node.responseMs, node.progress],
    ['ACTIVE', 0.5, 0.25, 0, 1],
  );
  for (let time = 0; time < 12; time += 1) await second('n1');
  assert.equal(asked, 3);
  assert.equal(only().state, 'ACTIVE');
});

test('nobody answers: degraded, then failed', async () => {
  await register('n1');
  membership.doWork(clock.monotonicNs());
  await settle();
  assert.equal(only().state, 'DEGRADED');
  for (let time = 0; time < 6; time += 1) await second('n1');
  assert.deepEqual([only().state, only().reason], ['FAILED', '2 health checks without an answer']);
});

test('a node that answers and does not progress is degraded, and recovers', async () => {
  let progress = 1;
  bus.respond(subjects.health('n1'), () => ({ ok: true, detail: '', progress }));
  await register('n1');
  for (let time = 0; time < 12; time += 1) await second('n1');
  assert.equal(only().state, 'DEGRADED');
  assert.match(only().reason, /no progress/);
  progress = 2;
  for (let time = 0; time < 5; time += 1) await second('n1');
  assert.equal(only().state, 'ACTIVE');
});

test('a lost lease fails the node; a new life of it starts afresh', async () => {
  bus.respond(subjects.health('n1'), () => ({ ok: true, detail: '', progress: clock.nowMs() }));
  const lease = await register('n1');
  await second('n1');
  await lease.revoke();
  await settle();
  assert.deepEqual([only().state, only().reason], ['FAILED', 'lease lost']);
  await register('n1', 2);
  beat('n1', { epoch: 1, loadScore: 1 });
  assert.equal(only().loadScore, 0);
  await second('n1');
  assert.equal(only().state, 'ACTIVE');
  assert.equal(only().epoch, 2);
});

test('a lost node is forgotten after ten minutes', async () => {
  const lease = await register('n1');
  await lease.revoke();
  await settle();
  clock.advance(599e9);
  membership.doWork(clock.monotonicNs());
  assert.equal(membership.nodes().length, 1);
  clock.advance(10e9);
  membership.doWork(clock.monotonicNs());
  assert.equal(membership.nodes().length, 0);
});

test('what is no registration is left out', async () => {
  await registry.put('nodes/a', 'not json');
  await registry.put('nodes/b', '{"role":"cook"}');
  await settle();
  assert.deepEqual(membership.nodes(), []);
});
