// ws_fanout: rows a second to many clients of streams, all in one other process; how old the newest
// row of a message is when it comes; what a client costs in memory. resume: how fast a consumer
// that comes back catches up, in this process, through the socket and over WebSocket.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StreamServer } from '@ndts/data-node';
import { createTickBatch, decodeStreamRows } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  Identity,
  loadConfig,
  Metrics,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import { FolderService, type LocalDatabase, NDTSClient, openLocalDatabase } from '@ndts/storage';
import { WebSocket } from 'ws';
import { OpenerProcess } from '../kit/opener-process.js';
import { smallSettings } from '../kit/small-settings.js';
import { settings, writeTicks } from './client.js';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';
import { pin } from './kit/pin.js';
import type { StreamReport } from './kit/stream-clients.js';

const clientsScript = fileURLToPath(new URL('kit/stream-clients.js', import.meta.url));
const symbolCount = 1000;

interface Served {
  readonly local: LocalDatabase;
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

async function serve(dataDir: string, identityDir: string): Promise<Served> {
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const args = Object.fromEntries(
    Object.entries({ ...settings, dataDir }).map(([key, value]) => [key, String(value)]),
  );
  const config = loadConfig({ args, environment: {} });
  const random = new SeededRandom(1);
  const userId = process.getuid?.() ?? 0;
  const local = await openLocalDatabase({ values: config, clock, random, logger, userId });
  const { ticks: database, symbols, journal: store } = local;
  const service = new FolderService({ database, symbols, clock, store });
  const identity = Identity.open({ dir: identityDir, clock, logger });
  const server = await StreamServer.start({
    config,
    service,
    symbols,
    identity,
    bus: new EmbeddedBus({ clock, logger }),
    clock,
    logger,
    metrics: new Metrics({ processMetrics: false }),
    anyPort: true,
  });
  return {
    local,
    url: server?.url ?? '',
    token: identity.createToken('bench', 'viewer'),
    stop: async () => {
      await server?.stop();
      await service.close();
      await local.close();
    },
  };
}

interface Fanout {
  readonly clients: number;
  readonly rowsPerSecond: number;
}

const fanouts: readonly Fanout[] = [
  { clients: 1, rowsPerSecond: 100_000 },
  { clients: 100, rowsPerSecond: 10_000 },
  { clients: 1000, rowsPerSecond: 1000 },
];

async function fanout(
  context: BenchContext,
  served: Served,
  run: Fanout,
  isPinned: boolean,
): Promise<void> {
  const { clients, rowsPerSecond } = run;
  const before = process.memoryUsage().rss;
  const apart = { execPath: 'taskset', execArgv: ['-c', '1', process.execPath] };
  const args = [served.url, served.token, String(clients)];
  const child = fork(clientsScript, args, isPinned ? apart : {});
  await answerOf(child);
  const bytes = (process.memoryUsage().rss - before) / clients;
  const seconds = pick(context.size, { smoke: 0.3, small: 4, full: 20 });
  await append(served.local, rowsPerSecond, Math.min(1, seconds));
  await sleep(200);
  child.send('reset');
  await answerOf(child);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const sent = await append(served.local, rowsPerSecond, seconds);
  await sleep(200);
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = (performance.now() - start) / 1000 - 0.2;
  let report = await reportOf(child);
  // Beside others that compute it may not have had its turn yet.
  for (; report.rows === 0; report = await reportOf(child)) await sleep(50);
  child.disconnect();
  const params = { clients, offered: rowsPerSecond, form: 'binary', pinned: isPinned };
  const answer = answerHash(clients, sent * clients);
  const emit = (metric: string, value: number, unit: string): void =>
    context.emit({ bench: 'ws_fanout', params, metric, value, unit, answer });
  emit('rowsPerSecond', report.rows / elapsed, '1/s');
  emit('delivered', (100 * report.rows) / (sent * clients), '%');
  emit('messagesPerSecond', report.messages / elapsed, '1/s');
  // Feeding included; unlike the rates it does not depend on who else uses the machine.
  emit('serverCpuPerMessage', (user + system) / Math.max(1, report.messages), 'us');
  emit('conflated', report.conflated, 'messages');
  const sorted = Float64Array.from(report.latencyUs);
  emit('p50', percentile(sorted, 0.5) / 1000, 'ms');
  emit('p99', percentile(sorted, 0.99) / 1000, 'ms');
  emit('memoryPerClient', bytes / 1024, 'KiB');
}

async function reportOf(child: ChildProcess): Promise<StreamReport> {
  child.send('report');
  return (await answerOf(child)) as StreamReport;
}

/** Its next message; rejects when it ends before. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const gone = once(child, 'exit', ended).then(([code]) => {
    throw new Error(`the clients ended with ${code}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', ended), gone])) as [unknown];
    return message;
  } finally {
    gone.catch(() => undefined);
    ended.abort();
  }
}

/** Ticks every millisecond; the volume of each says when it was appended. @returns how many */
async function append(local: LocalDatabase, perSecond: number, seconds: number): Promise<number> {
  const clock = new SystemClock();
  const startNs = clock.monotonicNs();
  let sent = 0;
  for (;;) {
    const elapsedNs = clock.monotonicNs() - startNs;
    if (elapsedNs > seconds * 1e9) return sent;
    const due = Math.floor((elapsedNs / 1e9) * perSecond) - sent;
    if (due > 0) {
      const batch = createTickBatch(due);
      batch.count = due;
      batch.day.fill(20_000);
      batch.nsOfDay.fill(sent);
      for (let row = 0; row < due; row += 1) batch.symbol[row] = 1 + ((sent + row) % symbolCount);
      batch.price.fill(1);
      batch.volume.fill(clock.monotonicNs());
      local.ticks.appendTicks(batch);
      sent += due;
    }
    await sleep(1);
  }
}

export const wsFanout: Bench = {
  name: 'ws_fanout',
  about: 'live rows over WebSocket to 1, 100 and 1,000 clients in one other process',
  run: async (context) => {
    const dataDir = join(context.dir, 'fanout');
    await using client = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
    await client.registerSymbol(Array.from({ length: symbolCount }, (_, at) => `S${at}`));
    await client.close();
    const served = await serve(dataDir, join(context.dir, 'fanout-identity'));
    try {
      const runs =
        context.size === 'smoke' ? fanouts.filter(({ clients }) => clients < 1000) : fanouts;
      for (const run of runs) await fanout(context, served, run, false);
      const letGo = context.size === 'smoke' ? undefined : pin();
      if (letGo === undefined) return;
      for (const run of runs) await fanout(context, served, run, true);
      letGo();
    } finally {
      await served.stop();
    }
  },
};

/** Rows of a consumer, from where it was, until it has them all. @returns seconds */
async function catchUp(client: NDTSClient, rows: number): Promise<number> {
  const name = 'bench';
  await client.removeConsumer(name);
  const start = performance.now();
  const subscription = client.subscribe(undefined, { consumer: name, from: 'oldest' });
  let left = rows;
  while (left > 0) {
    const { value } = await subscription.next();
    if (value === undefined) throw new Error('a subscription ended by itself');
    left -= value.rows.count;
    if (left <= 0) await subscription.ack(value.next);
  }
  const seconds = (performance.now() - start) / 1000;
  await subscription.close();
  return seconds;
}

async function catchUpOverWebSocket(url: string, token: string, rows: number): Promise<number> {
  const start = performance.now();
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  await new Promise<void>((resolve, reject) => {
    let left = rows;
    socket.on('error', reject);
    socket.on('open', () => {
      const asked = { type: 'subscribe', id: 1, form: 'binary', from: 'oldest' };
      socket.send(JSON.stringify(asked));
    });
    socket.on('message', (data: Buffer, binary) => {
      if (!binary) return;
      left -= decodeStreamRows(data.subarray(0, 24)).rows;
      if (left <= 0) resolve();
    });
  });
  socket.terminate();
  return (performance.now() - start) / 1000;
}

export const resumeBench: Bench = {
  name: 'resume',
  about: 'a consumer that comes back catches up: here, through the socket, over WebSocket',
  run: async (context) => {
    const dataDir = join(context.dir, 'resume');
    mkdirSync(dataDir);
    const rows = pick(context.size, { smoke: 20_000, small: 2_000_000, full: 20_000_000 });
    context.say(`writing ${rows} ticks`);
    await writeTicks(dataDir, rows);
    const emit = (through: string, seconds: number): void => {
      const shared = { bench: 'resume', params: { through, rows }, answer: answerHash(rows) };
      context.emit({ ...shared, metric: 'rowsPerSecond', value: rows / seconds, unit: '1/s' });
      context.emit({ ...shared, metric: 'catchUp', value: seconds * 1000, unit: 'ms' });
    };
    {
      await using here = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
      emit('here', await catchUp(here, rows));
    }
    const opener = await OpenerProcess.start({ after: () => undefined }, dataDir);
    {
      const shards = { 'cluster.shards': smallSettings['cluster.shards'] };
      await using client = new NDTSClient({
        mode: 'standalone',
        dataDir,
        settings: shards,
        role: 'connect',
      });
      emit('socket', await catchUp(client, rows));
    }
    await opener.stop();
    const served = await serve(dataDir, join(context.dir, 'resume-identity'));
    try {
      emit('websocket', await catchUpOverWebSocket(served.url, served.token, rows));
    } finally {
      await served.stop();
    }
  },
};
