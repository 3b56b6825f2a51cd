// The control node: the view of all nodes, and the API with the dashboard beside the path. Its
// whole path on one page: check the nodes that are due, push to who listens live. Everything else
// answers requests. Always: nothing here can hold up the other roles' work for long.

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
import type { FastifyInstance } from 'fastify';
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

export interface RoleStatuses {
  readonly data: DataStatus | undefined;
  readonly calc: CalcStatus | undefined;
  readonly exec: ExecStatus | undefined;
}

export class ControlNode implements Agent {
  readonly name = 'control';
  readonly #dependencies: ControlNodeDependencies;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #latest: LatestStatus;
  readonly #membership: Membership;
  readonly #live: LiveHub;
  readonly #opened = new CloseStack();
  #address: ControlAddress | undefined;
  #cycles = 0;

  constructor(dependencies: ControlNodeDependencies) {
    const { config, bus, clock, metrics } = dependencies;
    this.#dependencies = dependencies;
    this.#clock = clock;
    this.#logger = dependencies.logger.child({ node: dependencies.nodeId });
    this.#latest = new LatestStatus(bus, clock);
    this.#opened.defer('status', () => this.#latest.stop());
    this.#membership = new Membership({
      ...dependencies,
      logger: this.#logger,
      policy: () => ({
        heartbeatIntervalMs: config.cluster.heartbeatIntervalMs,
        checkIntervalMs: config.cluster.healthCheckIntervalMs,
        leaseTtlMs: config.cluster.leaseTtlMs,
      }),
    });
    const snapshot = (): object => ({ ...this.#latest.view(), nodes: this.nodes() });
    this.#live = new LiveHub({ bus, clock, logger: this.#logger, metrics, snapshot });
    countNodes(metrics, () => this.nodes());
  }

  doWork(): number {
    const nowNs = this.#clock.monotonicNs();
    this.#cycles += 1;
    this.#membership.doWork(nowNs);
    this.#live.doWork(nowNs);
    // Both go by the clock: when they did something, no more follows, so there is none to spin for.
    return 0;
  }

  dueNs(): number {
    return this.#live.dueNs();
  }

  /** Listens when it resolves. PORT_IN_USE, or CONFIG_INVALID_VALUE: an address not ours. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Closes all connections at once; may be called twice. */
  stop(): Promise<void> {
    return this.#opened.closeAll((name, error) =>
      this.#logger.error({ err: error }, `cannot close ${name}`),
    );
  }

  /** Where it listens; CLOSED before start. */
  address(): ControlAddress {
    if (this.#address === undefined)
      throw new NdtsError('CLOSED', 'the control node has not started');
    return this.#address;
  }

  /** What each role published last. */
  latestStatus(): RoleStatuses {
    const { data, calc, exec } = this.#latest.view();
    return { data: data ?? undefined, calc: calc ?? undefined, exec: exec ?? undefined };
  }

  nodes(): NodeView[] {
    return this.#membership.nodes();
  }

  /** For the presence of this node. */
  health(): HealthReport {
    const ok = this.#address !== undefined;
    return { ok, detail: ok ? '' : 'does not listen yet', progress: this.#cycles };
  }

  /** How full it is, 0 to 1. */
  queueLoad(): number {
    return this.#live.count / clientsMax;
  }

  async #open(): Promise<void> {
    const { host } = this.#dependencies.config.node;
    const { port } = this.#dependencies.config.control;
    const app = await this.#buildServer();
    this.#opened.defer('server', () => app.close());
    await this.#membership.start();
    this.#opened.defer('membership', () => this.#membership.stop());
    this.#opened.defer('live', () => this.#live.stop());
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw listenError(error, host, port);
    }
    const bound = app.server.address();
    this.#address = addressOf(
      host,
      typeof bound === 'object' && bound !== null ? bound.port : port,
    );
    this.#logger.info({ url: this.#address.url }, 'the control node listens');
  }

  async #buildServer(): Promise<FastifyInstance> {
    const { config, webDir } = this.#dependencies;
    const { app } = await buildServer({
      ...this.#dependencies,
      logger: this.#logger,
      latest: this.#latest,
      live: this.#live,
      nodes: () => this.nodes(),
      assets: readWebAssets(webAssets(webDir)),
      address: () => this.#address ?? addressOf(config.node.host, 0),
    });
    return app;
  }
}

export function createControlNode(dependencies: ControlNodeDependencies): ControlNode {
  return new ControlNode(dependencies);
}

function addressOf(host: string, port: number): ControlAddress {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return { host, port, url: `http://${name.includes(':') ? `[${name}]` : name}:${port}` };
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
