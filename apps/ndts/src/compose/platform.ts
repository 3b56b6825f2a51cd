// `ndts up` as one object: the foundation, the four roles, their duty cycle and their presence in
// the registry. Started in the order in which each needs the ones before, stopped in reverse.

import { rmSync } from 'node:fs';
import {
  type HealthReport,
  type NodeRoleName,
  NdtsError,
  type NodeStateName,
} from '@ndts/protocol';
import { type Agent, AgentLoop, NodePresence, writePrivateFile } from '@ndts/runtime';
import { type LineAddresses, type PostgresAddress, StorageMetrics } from '@ndts/storage';
import type { LatestStatus } from '../screen/status-line.js';
import { serveClients } from './clients.js';
import { serveFeeds } from './feeds.js';
import { type Foundation, type FoundationInput, openFoundation } from './foundation.js';
import { serveLines } from './lines.js';
import { startPostgres } from './postgres.js';
import { createRoles, type Roles } from './roles.js';
import { withoutOwnFeed } from './source.js';
import { serveDryRuns, serveStreams } from './streams.js';
import { serveUpkeep } from './upkeep.js';

export interface PlatformInput extends FoundationInput {
  readonly version: string;
  readonly processId: number;
  /** 0 to 1: how much of the machine's memory and of one core this process uses. */
  processLoad(): { readonly memory: number; readonly cpu: number };
}

export interface Platform {
  readonly url: string;
  /** Where clients of PostgreSQL connect; undefined: they cannot. */
  readonly postgres: PostgresAddress | undefined;
  readonly foundation: Foundation;
  readonly line: LineAddresses;
  /** Where clients of other machines connect; undefined: they cannot. */
  readonly remotePort: number | undefined;
  /** Of streams over WebSocket; undefined: they are off. */
  readonly stream: string | undefined;
  latestStatus(): LatestStatus;
  stop(): Promise<void>;
}

const errorLogIntervalNs = 1e9;

export async function startPlatform(input: PlatformInput): Promise<Platform> {
  const foundation = await openFoundation({ ...input, values: withoutOwnFeed(input.values) });
  try {
    return await start(foundation, input);
  } catch (error) {
    await closeAll(foundation);
    throw error;
  }
}

async function start(foundation: Foundation, input: PlatformInput): Promise<Platform> {
  const { closing, folder, journal, logger, metrics, ticks } = foundation;
  const storageMetrics = new StorageMetrics(metrics, { ticks, journal });
  closing.defer('storage metrics', () => storageMetrics.close());
  serveUpkeep(foundation);
  const roles = await createRoles(foundation, input.version);
  const { data, calc, exec, control } = roles;
  await control.start();
  closing.defer('control', () => control.stop());
  await exec.start();
  closing.defer('exec', () => exec.stop());

  const loop = startLoop(foundation, [data, exec, calc, control, roles.signals]);
  closing.defer('loop', () => loop.stop());
  foundation.wakes.onWork = () => loop.wake();
  await data.start();
  closing.defer('data', () => data.stop());
  await serveFeeds(foundation, roles.feeds, roles.door);
  roles.source?.start();
  await calc.start();
  closing.defer('calc', () => calc.stop());
  const { remotePort, service } = await serveClients(foundation, roles.rings);
  serveDryRuns(foundation, service);
  const stream = await serveStreams(foundation, service);
  const line = await serveLines(foundation, input.secureRandom, roles.line);
  for (const presence of createPresences(foundation, roles, input)) {
    await presence.start();
    closing.defer('presence', () => presence.stop());
  }

  const postgres = await startPostgres(foundation, input.version, input.secureRandom);
  const { url } = control.address();
  const run = { pid: input.processId, url, memory: folder.memory, version: input.version };
  writePrivateFile(folder.runFile, `${JSON.stringify(run)}\n`);
  closing.defer('run file', () => rmSync(folder.runFile, { force: true }));
  logger.info({ url, dataDir: folder.root, stats: ticks.stats() }, 'up');
  return {
    url,
    postgres: postgres?.address(),
    foundation,
    line,
    remotePort,
    stream,
    latestStatus: () => control.latestStatus(),
    stop: () => closeAll(foundation),
  };
}

async function closeAll(foundation: Foundation): Promise<void> {
  const failures: string[] = [];
  await foundation.closing.closeAll((name, error) => {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    foundation.logger.error({ error, part: name }, 'could not close');
  });
  if (failures.length > 0) throw new NdtsError('INTERNAL', failures.join('; '));
}

function startLoop(foundation: Foundation, agents: readonly Agent[]): AgentLoop {
  const { clock, logger, metrics, values } = foundation;
  const failed = metrics.counter('agent_errors_total', 'Exceptions out of an agent.', ['agent']);
  let nextLogNs = 0;
  const loop = new AgentLoop(agents, {
    ...values.loop,
    clock,
    onError: (agent, error) => {
      failed.labels(agent.name).inc();
      if (clock.monotonicNs() < nextLogNs) return;
      nextLogNs = clock.monotonicNs() + errorLogIntervalNs;
      logger.error({ agent: agent.name, error }, 'an agent failed; it is called again');
    },
  });
  loop.start();
  return loop;
}

interface Observable {
  health(): HealthReport;
  state(): NodeStateName;
}

function createPresences(
  foundation: Foundation,
  roles: Roles,
  input: PlatformInput,
): NodePresence[] {
  const { values, registry, bus, clock, logger, nodeName, ticks } = foundation;
  const control: Observable = { health: () => roles.control.health(), state: () => 'ACTIVE' };
  const exec: Observable = {
    health: () => roles.exec.health(),
    state: () => (roles.exec.health().ok ? 'ACTIVE' : 'DEGRADED'),
  };
  const observed: readonly (readonly [NodeRoleName, Observable, () => number])[] = [
    ['data', roles.data, () => 0],
    ['calc', roles.calc, () => 0],
    ['exec', exec, () => roles.exec.queueLoad()],
    ['control', control, () => roles.control.queueLoad()],
  ];
  return observed.map(
    ([role, node, queue]) =>
      new NodePresence({
        registry,
        bus,
        clock,
        logger,
        nodeId: `${nodeName}-${role}`,
        role,
        host: values.node.host,
        pid: input.processId,
        version: input.version,
        epoch: ticks.epoch(0),
        leaseTtlMs: values.cluster.leaseTtlMs,
        heartbeatIntervalMs: values.cluster.heartbeatIntervalMs,
        load: () => ({ ...input.processLoad(), queue: queue() }),
        health: () => node.health(),
        state: () => node.state(),
      }),
  );
}
