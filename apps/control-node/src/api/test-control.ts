// For the API's tests: a control node on a free port with real sockets, the embedded adapters, and
// roles that answer with plain data. No production code imports this.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CancelRequest,
  type ReconcileRequest,
  type ReconcileView,
  type CleanCheckRequest,
  type ConfigValues,
  NdtsError,
  type QualityRequest,
  type StrategyNameRequest,
  type RestoreDayRequest,
  type SnapshotRequest,
  subjects,
  type TradingStateRequest,
} from '@ndts/protocol';
import {
  type Agent,
  AgentLoop,
  AuditLog,
  createSilentLogger,
  EmbeddedBus,
  EmbeddedJobs,
  EmbeddedRegistry,
  Identity,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  type Role,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import { type ControlNode, createControlNode } from '../node.js';

export interface TestControl {
  readonly node: ControlNode;
  readonly url: string;
  readonly bus: EmbeddedBus;
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly registry: EmbeddedRegistry;
  readonly tokens: Readonly<Record<Role, string>>;
  /** With a bearer token unless `token` is ''. */
  call(path: string, options?: CallOptions): Promise<Response>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startControl(keys: Record<string, string> = {}): Promise<TestControl> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-control-'));
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const random = new SeededRandom(7);
  const store = new MemoryKeyValueStore();
  const bus = new EmbeddedBus({ clock, logger });
  const registry = new EmbeddedRegistry({ store, clock, random, logger });
  const jobs = new EmbeddedJobs({ store, clock, random, logger });
  const identity = Identity.open({ dir: join(dir, 'identity'), clock, logger });
  const audit = AuditLog.open({ dir: join(dir, 'identity'), clock });
  const config: ConfigValues = loadConfig({
    args: { 'control.port': '0', ...keys },
    environment: {},
  });
  const node = createControlNode({
    config,
    bus,
    registry,
    jobs,
    identity,
    audit,
    metrics: new Metrics(),
    clock,
    logger,
    nodeId: 'test-control',
    version: '0.0.1',
  });
  answerAsRoles(bus);
  const loop = new AgentLoop([node as Agent], {
    idle: 'sleep',
    spinMs: 0,
    sleepMs: 2,
    clock,
    onError: (_agent, error) => {
      throw error;
    },
  });
  const stop = async (): Promise<void> => {
    await loop.stop();
    await node.stop();
    await jobs.close();
    await registry.close();
    await bus.close();
    audit.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await node.start();
  } catch (error) {
    await stop();
    throw error;
  }
  loop.start();
  const tokens = Object.fromEntries(
    (['viewer', 'trader', 'admin', 'node'] as const).map((role) => [
      role,
      identity.createToken(`test-${role}`, role),
    ]),
  ) as Record<Role, string>;
  const { url } = node.address();
  const call = (path: string, options: CallOptions = {}): Promise<Response> =>
    fetch(url + path, request(options, tokens.viewer));
  return { node, url, bus, identity, audit, registry, tokens, call, stop };
}

function request(options: CallOptions, standardToken: string): RequestInit {
  const token = options.token ?? standardToken;
  return {
    method: options.method ?? 'GET',
    redirect: 'manual',
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  };
}

/** The least each subject answers. */
function answerAsRoles(bus: EmbeddedBus): void {
  let state = 'ACTIVE';
  bus.respond(subjects.dataSymbols, () => [
    { id: 3, name: 'AAA', shard: 1, ticks: 10, price: 12.5 },
  ]);
  bus.respond(subjects.calcChart, (payload) => {
    const { symbol } = payload as { symbol: number };
    if (symbol !== 3) throw new NdtsError('NOT_FOUND', `no symbol ${symbol}`);
    return [{ timeMs: 1000, price: 12.5, middle: 12, upper: 13, lower: 11, value: 0.75 }];
  });
  const reject = { symbol: 3, reason: 'jump', timeMs: 1000, price: '99', volume: '1' };
  bus.respond(subjects.dataRejects, (limit) =>
    Array.from({ length: Math.min(2, Number(limit)) }, () => ({ ...reject, bid: 'NaN', ask: '0' })),
  );
  bus.respond(subjects.dataQuality, (payload) => {
    const { symbol, limit } = payload as QualityRequest;
    if (symbol === undefined) return [];
    if (symbol !== 3) throw new NdtsError('NOT_FOUND', `no symbol ${symbol}`);
    return [{ symbol, name: 'AAA', state: 'STALE', limit }];
  });
  bus.respond(subjects.calcRestartStrategy, (payload) => {
    const { name } = payload as StrategyNameRequest;
    if (name !== 'bollinger') throw new NdtsError('NOT_FOUND', `no strategy named '${name}'`);
    return { instance: 1, name, state: 'starting', restarts: 3 };
  });
  bus.respond(subjects.execOrders, () => []);
  bus.respond(subjects.execReconcile, (payload): ReconcileView => {
    const { actor, adopt = false } = payload as ReconcileRequest;
    const [said, none] = [[`by ${actor}`], []];
    const found = adopt
      ? { differences: none, adopted: said }
      : { differences: said, adopted: none };
    return { ...found, tradingState: 'HALTED' };
  });
  bus.respond(subjects.execCancel, (payload) => {
    return (payload as CancelRequest).clientOrderId === '1-1-0';
  });
  bus.respond(subjects.execPositions, () => []);
  answerSnapshots(bus);
  answerRetention(bus);
  answerCleaning(bus);
  bus.respond(subjects.execTradingState, (payload) => {
    state = (payload as TradingStateRequest).set ?? state;
    return state;
  });
}

function answerRetention(bus: EmbeddedBus): void {
  const day = { table: 'tick', day: '2026-01-01', segments: 1, rows: 2, bytes: 3 };
  bus.respond(subjects.storageRetention, () => ({ old: [], archived: [day] }));
  bus.respond(subjects.storageRetentionRun, () => [{ ...day, action: 'archive' }]);
  bus.respond(subjects.storageRetentionRestore, (payload) => {
    const { table, holdDays } = payload as RestoreDayRequest;
    if (table !== 'tick') throw new NdtsError('NOT_FOUND', `no ${table}`);
    return { ...day, rows: holdDays };
  });
}

function answerCleaning(bus: EmbeddedBus): void {
  const view = { file: '', loadedMs: 0, problem: '', classes: [], calendars: [], entries: 0 };
  bus.respond(subjects.cleanRules, (payload) => ({ ...view, asked: payload }));
  bus.respond(subjects.cleanCheck, (payload) => {
    const { text, format } = payload as CleanCheckRequest;
    if (text === 'wrong') throw new NdtsError('INVALID_ARGUMENT', `rules:1: wrong (${format})`);
    return view;
  });
  bus.respond(subjects.cleanReload, (payload) => ({ ...view, asked: payload }));
  bus.respond(subjects.cleanTry, (payload) => ({ asked: payload }));
}

function answerSnapshots(bus: EmbeddedBus): void {
  const names = new Set<string>();
  const nameOf = (payload: unknown): string => (payload as SnapshotRequest).name;
  const viewOf = (name: string) => ({ name, engines: ['ticks'], timeMs: 1000, bytes: 1, files: 1 });
  bus.respond(subjects.storageSnapshots, () => [...names].map(viewOf));
  bus.respond(subjects.storageSnapshotCreate, (payload) => {
    const name = nameOf(payload);
    if (name === 'full') throw new NdtsError('DISK_FULL', `no space for ${name}`);
    if (names.has(name)) throw new NdtsError('ALREADY_EXISTS', `there is ${name}`);
    names.add(name);
    return viewOf(name);
  });
  bus.respond(subjects.storageSnapshotRemove, (payload) => {
    if (!names.delete(nameOf(payload))) throw new NdtsError('NOT_FOUND', 'no such snapshot');
    return true;
  });
}
