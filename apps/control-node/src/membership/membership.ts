// The control node's view of all nodes: registrations and leases from the registry, heartbeats from
// the bus, health checks of its own. A thin adapter: it gathers facts, decideNodeState judges.
// Always: at most one health check per node is in flight; a node that is gone stays visible for a
// while, so that a loss is seen and not just missing.

import {
  type Bus,
  type Clock,
  type HealthReport,
  type NodeHeartbeat,
  type NodeRoleName,
  NodeRole,
  NodeState,
  type NodeStateName,
  nsPerMs,
  type Registry,
  type RegistryEvent,
  type RegistryRecord,
  subjects,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { decideNodeState, type NodePolicy } from './node-state.js';

const prefix = 'nodes/';
const keepLostMs = 10 * 60_000;
const checkTimeoutMsMax = 2000;

/** One node as the API shows it. */
export interface NodeView {
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly state: NodeStateName;
  /** Why it is not what it announced; '' when it is. */
  readonly reason: string;
  readonly loadScore: number;
  readonly cpu: number;
  readonly heartbeatAgeMs: number;
  /** Of the last health check; null before the first answer. */
  readonly responseMs: number | null;
  readonly progress: number;
}

interface Registration {
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly announced: NodeStateName;
}

interface KnownNode {
  registration: Registration;
  revision: number;
  lostAtNs: number | undefined;
  announced: NodeStateName;
  heartbeatNs: number;
  loadScore: number;
  cpu: number;
  health: HealthReport | undefined;
  missedChecks: number;
  responseMs: number | undefined;
  progressNs: number;
  nextCheckNs: number;
  checking: boolean;
  lastState: NodeStateName | undefined;
}

export interface MembershipOptions {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked again at each use: hot configuration. */
  readonly policy: () => NodePolicy;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #nodes = new Map<string, KnownNode>();
  #ends: (() => void)[] = [];
  #nextCheckNs = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { registry, bus } = this.#options;
    this.#ends.push(
      registry.watch(prefix, (event) => this.#onEvent(event)),
      bus.subscribe(subjects.heartbeat, ({ payload }) =>
        this.#onHeartbeat(payload as NodeHeartbeat),
      ),
    );
    for (const record of await registry.list(prefix)) this.#onRecord(record);
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Starts the health checks that are due. */
  doWork(nowNs: number): number {
    if (nowNs < this.#nextCheckNs || this.#nodes.size === 0) return 0;
    const intervalNs = this.#options.policy().checkIntervalMs * nsPerMs;
    let nextNs = nowNs + intervalNs;
    let started = 0;
    for (const [nodeId, node] of this.#nodes) {
      if (node.lostAtNs !== undefined) {
        if (nowNs - node.lostAtNs > keepLostMs * nsPerMs) this.#nodes.delete(nodeId);
        continue;
      }
      if (node.nextCheckNs <= nowNs && !node.checking) {
        node.nextCheckNs = nowNs + intervalNs;
        void this.#check(nodeId, node);
        started += 1;
      }
      this.#reportChange(nodeId, node, nowNs);
      nextNs = Math.min(nextNs, Math.max(node.nextCheckNs, nowNs));
    }
    // Verdicts also change by time alone, so the view is looked at more often than checks are due.
    this.#nextCheckNs = Math.min(nextNs, nowNs + intervalNs / 4);
    return started;
  }

  /** In the order of roles along the path, then by id. */
  nodes(): NodeView[] {
    const nowNs = this.#options.clock.monotonicNs();
    return [...this.#nodes.values()]
      .map((node) => this.#view(node, nowNs))
      .sort((a, b) => NodeRole[a.role] - NodeRole[b.role] || (a.nodeId < b.nodeId ? -1 : 1));
  }

  #view(node: KnownNode, nowNs: number): NodeView {
    const { nodeId, role, host, pid, version, epoch } = node.registration;
    const heartbeatAgeMs = Math.max(0, (nowNs - node.heartbeatNs) / nsPerMs);
    const verdict = decideNodeState(
      {
        announced: node.announced,
        leaseAlive: node.lostAtNs === undefined,
        heartbeatAgeMs,
        health: node.health,
        missedChecks: node.missedChecks,
        responseMs: node.responseMs ?? 0,
        stalledMs: (nowNs - node.progressNs) / nsPerMs,
      },
      this.#options.policy(),
    );
    return {
      nodeId,
      role,
      host,
      pid,
      version,
      epoch,
      ...verdict,
      loadScore: node.loadScore,
      cpu: node.cpu,
      heartbeatAgeMs: Math.round(heartbeatAgeMs),
      responseMs: node.responseMs ?? null,
      progress: node.health?.progress ?? 0,
    };
  }

  #onEvent(event: RegistryEvent): void {
    if (event.record !== undefined) {
      this.#onRecord(event.record);
      return;
    }
    const node = this.#nodes.get(event.key.slice(prefix.length));
    if (node === undefined || node.revision > event.revision) return;
    const nowNs = this.#options.clock.monotonicNs();
    if (node.announced === 'DRAINING') {
      this.#nodes.delete(node.registration.nodeId);
      this.#options.logger.info({ nodeId: node.registration.nodeId }, 'a node left');
      return;
    }
    node.lostAtNs = nowNs;
    this.#reportChange(node.registration.nodeId, node, nowNs);
  }

  #onRecord(record: RegistryRecord): void {
    const nodeId = record.key.slice(prefix.length);
    const registration = parseRegistration(nodeId, record.value);
    if (registration === undefined) {
      this.#options.logger.warn({ key: record.key }, 'a node registration could not be read');
      return;
    }
    const nowNs = this.#options.clock.monotonicNs();
    const known = this.#nodes.get(nodeId);
    if (known !== undefined && known.revision >= record.revision) return;
    const same =
      known !== undefined &&
      known.lostAtNs === undefined &&
      known.registration.epoch === registration.epoch &&
      known.registration.pid === registration.pid;
    if (same) {
      known.registration = registration;
      known.revision = record.revision;
      known.announced = registration.announced;
      return;
    }
    this.#nodes.set(nodeId, freshNode(registration, record.revision, nowNs, known?.lastState));
    this.#nextCheckNs = 0;
  }

  #onHeartbeat(heartbeat: NodeHeartbeat): void {
    const node = this.#nodes.get(heartbeat.nodeId);
    // Only the registered life of a node counts; a late message of an earlier one does not.
    if (node === undefined || node.registration.epoch !== heartbeat.epoch) return;
    node.heartbeatNs = this.#options.clock.monotonicNs();
    node.announced = heartbeat.state;
    node.loadScore = heartbeat.loadScore;
    node.cpu = heartbeat.cpu;
  }

  async #check(nodeId: string, node: KnownNode): Promise<void> {
    const { bus, clock, policy } = this.#options;
    node.checking = true;
    const startNs = clock.monotonicNs();
    try {
      const timeoutMs = Math.min(policy().checkIntervalMs, checkTimeoutMsMax);
      const answer = await bus.request(subjects.health(nodeId), undefined, timeoutMs);
      const report = answer as HealthReport;
      const nowNs = clock.monotonicNs();
      if (report.progress !== node.health?.progress) node.progressNs = nowNs;
      node.health = report;
      node.responseMs = (nowNs - startNs) / nsPerMs;
      node.missedChecks = 0;
    } catch {
      node.missedChecks += 1;
    } finally {
      node.checking = false;
      this.#reportChange(nodeId, node, clock.monotonicNs());
    }
  }

  #reportChange(nodeId: string, node: KnownNode, nowNs: number): void {
    const { state, reason } = this.#view(node, nowNs);
    if (state === node.lastState) return;
    const from = node.lastState ?? 'none';
    node.lastState = state;
    const level = state === 'FAILED' || state === 'DEGRADED' ? 'warn' : 'info';
    this.#options.logger[level]({ nodeId, from, to: state, reason }, 'node state');
  }
}

function freshNode(
  registration: Registration,
  revision: number,
  nowNs: number,
  lastState: NodeStateName | undefined,
): KnownNode {
  return {
    registration,
    revision,
    lostAtNs: undefined,
    announced: registration.announced,
    heartbeatNs: nowNs,
    loadScore: 0,
    cpu: 0,
    health: undefined,
    missedChecks: 0,
    responseMs: undefined,
    progressNs: nowNs,
    nextCheckNs: nowNs,
    checking: false,
    lastState,
  };
}

function parseRegistration(nodeId: string, value: string): Registration | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(value) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { role, host, pid, version, epoch, state } = parsed;
  if (typeof role !== 'string' || !Object.hasOwn(NodeRole, role)) return undefined;
  return {
    nodeId,
    role: role as NodeRoleName,
    host: typeof host === 'string' ? host : '',
    pid: typeof pid === 'number' ? pid : 0,
    version: typeof version === 'string' ? version : '',
    epoch: typeof epoch === 'number' ? epoch : 0,
    announced:
      typeof state === 'string' && Object.hasOwn(NodeState, state)
        ? (state as NodeStateName)
        : 'ACTIVE',
  };
}
