// The control node: the view of all nodes, and the API with the dashboard beside the path. Its whole
// path on one page: check the nodes that are due, push to who listens live. Everything else answers
// requests. Always: nothing here can hold up the other roles' work for long.

import {
  type Bus,
  type CalcStatus,
  type Clock,
  type ConfigValues,
  type DataStatus,
  type ExecStatus,
  type HealthReport,
  type Jobs,
  NdtsError,
  NodeState,
  type Registry,
} from '@ndts/protocol';
import {
  type Agent,
  type AuditLog,
  CloseStack,
  type Identity,
  type Logger,
  type Metrics,
} from '@ndts/runtime';
import { LatestStatus } from './api/latest-status.js';
import { clientsMax, LiveHub } from './api/live.js';
import { buildServer } from './api/server.js';
import { readWebAssets, webAssets } from './api/web-assets.js';
import { Membership, type NodeView } from './membership/membership.js';

export interface ControlNodeDependencies {
  readonly config: ConfigValues;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly version: string;
  /** Where the dashboard's pages are; absent: in this workspace. */
  readonly webDir?: string;
}

export interface ControlAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export interface ControlNode extends Agent {
  /** Listens when it resolves. PORT_IN_USE, CONFIG_INVALID_VALUE for an address that is not ours. */
  start(): Promise<void>;
  /** Closes all connections at once; may be called twice. */
  stop(): Promise<void>;
  /** Where it listens; CLOSED before start. */
  address(): ControlAddress;
  latestStatus(): {
    readonly data: DataStatus | undefined;
    readonly calc: CalcStatus | undefined;
    readonly exec: ExecStatus | undefined;
  };
  nodes(): readonly NodeView[];
  /** For the presence of this node. */
  health(): HealthReport;
  /** How full it is, 0 to 1. */
  queueLoad(): number;
}

export function createControlNode(dependencies: ControlNodeDependencies): ControlNode {
  const { config, bus, clock, metrics } = dependencies;
  const logger = dependencies.logger.child({ node: dependencies.nodeId });
  const latest = new LatestStatus(bus, clock);
  const membership = new Membership({
    ...dependencies,
    logger,
    policy: () => ({
      heartbeatIntervalMs: config.cluster.heartbeatIntervalMs,
      checkIntervalMs: config.cluster.healthCheckIntervalMs,
      leaseTtlMs: config.cluster.leaseTtlMs,
    }),
  });
  const nodes = (): NodeView[] => membership.nodes();
  const snapshot = (): object => ({ ...latest.view(), nodes: nodes() });
  const live = new LiveHub({ bus, clock, logger, metrics, snapshot });
  const opened = new CloseStack();
  opened.defer('status', () => latest.stop());
  let address: ControlAddress | undefined;
  let cycles = 0;
  countNodes(metrics, nodes);

  return {
    name: 'control',

    doWork(): number {
      const nowNs = clock.monotonicNs();
      cycles += 1;
      return membership.doWork(nowNs) + live.doWork(nowNs);
    },

    async start(): Promise<void> {
      const assets = readWebAssets(webAssets(dependencies.webDir));
      const bound = (): ControlAddress => address ?? { host: config.node.host, port: 0, url: '' };
      const { app } = await buildServer({
        ...dependencies,
        logger,
        latest,
        live,
        nodes,
        assets,
        address: bound,
      });
      opened.defer('server', () => app.close());
      await membership.start();
      opened.defer('membership', () => membership.stop());
      opened.defer('live', () => live.stop());
      const { host } = config.node;
      try {
        await app.listen({ host, port: config.control.port });
      } catch (error) {
        throw listenError(error, host, config.control.port);
      }
      const at = app.server.address();
      const port = typeof at === 'object' && at !== null ? at.port : config.control.port;
      address = { host, port, url: urlOf(host, port) };
      logger.info({ url: address.url }, 'the control node listens');
    },

    stop: () =>
      opened.closeAll((name, error) => logger.error({ err: error }, `cannot close ${name}`)),

    address(): ControlAddress {
      if (address === undefined) throw new NdtsError('CLOSED', 'the control node has not started');
      return address;
    },

    latestStatus() {
      const { data, calc, exec } = latest.view();
      return { data: data ?? undefined, calc: calc ?? undefined, exec: exec ?? undefined };
    },

    nodes,

    health: () => ({
      ok: address !== undefined,
      detail: address === undefined ? 'does not listen yet' : '',
      progress: cycles,
    }),

    queueLoad: () => live.count / clientsMax,
  };
}

function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const cause = { cause: error };
  switch (code) {
    case 'EADDRINUSE':
      return new NdtsError('PORT_IN_USE', `${host}:${port} is taken by another listener`, cause);
    case 'EACCES':
      return new NdtsError(
        'CONFIG_INVALID_VALUE',
        `control.port: expected a port this user may listen on, found ${port}`,
        cause,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new NdtsError(
        'CONFIG_INVALID_VALUE',
        `node.host: expected an address of this machine, found '${host}'`,
        cause,
      );
    default:
      return error;
  }
}

function countNodes(metrics: Metrics, nodes: () => readonly NodeView[]): void {
  metrics.gauge('control_nodes', 'nodes by state', ['state'], (gauge) => {
    const all = nodes();
    for (const state of Object.keys(NodeState))
      gauge.set({ state }, all.filter((node) => node.state === state).length);
  });
}
