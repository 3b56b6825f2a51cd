// A node's place in the cluster: its record in the registry under a lease, its heartbeats on the
// bus, its answer to health checks. Always: ownsUntilNs() is a deadline this node may believe in,
// computed from when the last confirmed renewal was *sent*; it never depends on being told of a
// loss.

import {
  type Bus,
  type Clock,
  type HealthReport,
  type Lease,
  NdtsError,
  type NodeHeartbeat,
  type NodeRoleName,
  type NodeStateName,
  type Registry,
  type Timer,
  errorLine,
  nextBeatNs,
  nsPerMs,
  subjects,
} from '@ndts/protocol';
import type { Logger } from '../log/logger.js';

/** What stands under `nodes/<id>`, as JSON. */
export interface NodeRecord {
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly state: NodeStateName;
  readonly startedMs: number;
}

export interface NodeLoad {
  /** Each 0 to 1. */
  readonly memory: number;
  readonly queue: number;
  readonly cpu: number;
}

export interface NodePresenceOptions {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
  load(): NodeLoad;
  health(): HealthReport;
  state(): NodeStateName;
}

export const nodeKeyPrefix = 'nodes/';

/** The part of the lease a node does not use: clocks run at slightly different speeds. */
const marginFraction = 0.1;
const renewalsPerTtl = 3;
const retryMsFirst = 100;
const retryMsMax = 2_000;

export class NodePresence {
  readonly #options: NodePresenceOptions;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #lease: Lease | undefined;
  #recorded: NodeStateName | undefined;
  #ownsUntilNs = 0;
  #renewing = false;
  #retryMs = retryMsFirst;
  #heartbeatTimer: Timer | undefined;
  #renewTimer: Timer | undefined;
  #stopResponder: (() => void) | undefined;
  #running = false;
  /** Grows with each stop, so that what was under way before it has no effect after. */
  #life = 0;
  #registered: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(options: NodePresenceOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#startedMs = Math.floor(options.clock.nowMs());
  }

  /** Resolves when the node stands in the registry; tries again until then. */
  async start(): Promise<void> {
    if (this.#running) throw new NdtsError('ALREADY_EXISTS', 'the presence is started');
    this.#running = true;
    const { bus, nodeId } = this.#options;
    this.#stopResponder = bus.respond(subjects.health(nodeId), () => this.#options.health());
    const registered = new Promise<void>((resolve, reject) => {
      this.#registered = { resolve, reject };
    });
    this.#maintain();
    await registered;
    if (this.#running) this.#beat();
  }

  /** Says that it leaves, then gives the lease back at once, so that nobody waits for its end. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#options.bus.publish(subjects.heartbeat, this.#heartbeat('DRAINING'));
    this.#life++;
    this.#ownsUntilNs = 0;
    this.#heartbeatTimer?.cancel();
    this.#renewTimer?.cancel();
    this.#stopResponder?.();
    this.#registered?.reject(new NdtsError('CLOSED', 'the presence was stopped'));
    this.#registered = undefined;
    const lease = this.#lease;
    this.#lease = undefined;
    this.#recorded = undefined;
    await lease?.revoke().catch((error: unknown) => {
      this.#options.logger.debug({ err: error }, 'the lease of this node was gone already');
    });
  }

  /** Monotonic time until which this node may act as owner of what it owns; 0: it may not. */
  ownsUntilNs(): number {
    return this.#ownsUntilNs;
  }

  #beat(): void {
    const { bus, heartbeatIntervalMs, logger } = this.#options;
    try {
      bus.publish(subjects.heartbeat, this.#heartbeat());
    } catch (error) {
      logger.warn({ err: error }, 'a heartbeat could not be sent');
    }
    // At the same moments as the other roles of the process, for one wake-up.
    const nowNs = this.#clock.monotonicNs();
    const everyNs = heartbeatIntervalMs * nsPerMs;
    const waitMs = (nextBeatNs(nowNs + everyNs / 2, everyNs) - nowNs) / nsPerMs;
    this.#heartbeatTimer = this.#clock.setTimer(waitMs, () => this.#beat());
    if (this.#recorded !== this.#options.state()) this.#maintainNow();
  }

  #heartbeat(state = this.#options.state()): NodeHeartbeat {
    const { nodeId, role, host, pid, version, epoch } = this.#options;
    const load = this.#options.load();
    const loadScore = Math.min(1, Math.max(0, 0.4 * load.memory + 0.6 * load.queue));
    const timeMs = this.#clock.nowMs();
    return { nodeId, role, host, pid, state, version, epoch, loadScore, cpu: load.cpu, timeMs };
  }

  #maintainNow(): void {
    if (this.#renewing) return;
    this.#renewTimer?.cancel();
    this.#maintain();
  }

  /** One round: have a lease, renew it, have the record say what is true; then plan the next. */
  #maintain(): void {
    const life = this.#life;
    this.#renewing = true;
    this.#round(life).then(
      () => {
        if (life !== this.#life) return;
        this.#retryMs = retryMsFirst;
        this.#registered?.resolve();
        this.#registered = undefined;
        this.#plan(Math.floor(this.#options.leaseTtlMs / renewalsPerTtl));
      },
      (error: unknown) => {
        if (life !== this.#life) return;
        this.#onFailure(error);
      },
    );
  }

  async #round(life: number): Promise<void> {
    const { registry, leaseTtlMs } = this.#options;
    const sentNs = this.#clock.monotonicNs();
    if (this.#lease === undefined) {
      const lease = await this.#inTime(registry.grantLease(leaseTtlMs), 'a lease was not granted');
      if (life !== this.#life) {
        await lease.revoke();
        return;
      }
      this.#lease = lease;
      this.#recorded = undefined;
    } else {
      await this.#inTime(this.#lease.renew(), 'the lease was not renewed');
      if (life !== this.#life) return;
    }
    const state = this.#options.state();
    if (this.#recorded !== state) await this.#inTime(this.#record(state), 'no record was made');
    if (life !== this.#life) return;
    this.#recorded = state;
    const usableNs = leaseTtlMs * (1 - marginFraction) * nsPerMs;
    this.#ownsUntilNs = Math.max(this.#ownsUntilNs, sentNs + usableNs);
  }

  async #record(state: NodeStateName): Promise<void> {
    const { registry, nodeId, role, host, pid, version, epoch } = this.#options;
    const lease = this.#lease as Lease;
    const key = nodeKeyPrefix + nodeId;
    const present = await registry.get(key);
    if (present !== undefined && present.lease !== lease.id)
      throw new NdtsError(
        'ALREADY_EXISTS',
        `another process is node '${nodeId}': ${present.value}`,
      );
    const startedMs = this.#startedMs;
    const record: NodeRecord = { nodeId, role, host, pid, version, epoch, state, startedMs };
    const ifRevision = present?.revision ?? 0;
    await registry.put(key, JSON.stringify(record), { ifRevision, lease: lease.id });
  }

  #onFailure(error: unknown): void {
    const { logger, nodeId } = this.#options;
    const isLost = error instanceof NdtsError && error.code === 'LEASE_LOST';
    if (isLost) {
      // Told of the loss: stop at once. Not being told is what the deadline is for.
      this.#ownsUntilNs = 0;
      this.#lease = undefined;
    }
    logger.warn({ nodeId, reason: errorLine(error) }, 'the registry did not confirm this node');
    const isFirst = this.#retryMs === retryMsFirst;
    this.#plan(isLost && isFirst ? 0 : this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax);
  }

  #plan(delayMs: number): void {
    this.#renewing = false;
    this.#renewTimer = this.#clock.setTimer(delayMs, () => this.#maintain());
  }

  /** A call that never answers must not stop the renewals. */
  #inTime<Result>(call: Promise<Result>, what: string): Promise<Result> {
    const limitMs = this.#options.leaseTtlMs / renewalsPerTtl;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(limitMs, () =>
        reject(new NdtsError('TIMEOUT', `${what} within ${limitMs} ms`)),
      );
      call.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}
