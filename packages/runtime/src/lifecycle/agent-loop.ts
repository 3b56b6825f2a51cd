// hot: no allocation after init
// The duty cycle of a node's main thread. All agents do their work in turn; several cycles share
// one turn of the event loop, bounded in time, so that its cost is spread and I/O still gets its
// turn. Without work adaptive sleeps, longer after a second of that: then the first work after a
// pause may wait for restFactorMax times sleepMs. Always: an agent that throws is reported and
// called again; no agent runs after stop() resolved.

import type { Clock, Timer } from '@ndts/protocol';

export interface Agent {
  readonly name: string;
  /** Does what there is to do without blocking; returns how much that was, 0 for nothing. */
  doWork(): number;
}

export interface AgentLoopOptions {
  /** Without work: spin for spinMs then sleep ever longer, always spin, or sleep at once. */
  readonly idle: 'adaptive' | 'spin' | 'sleep';
  readonly spinMs: number;
  readonly sleepMs: number;
  readonly clock: Clock;
  onError(agent: Agent, error: unknown): void;
}

/** How long the cycles of one turn may take together before I/O gets its turn. */
const turnNsMax = 50_000;
/** Sleeps double with every second without work, up to so many times sleepMs. */
const restFactorMax = 8;
const restGrowNs = 1e9;

export class AgentLoop {
  readonly #agents: readonly Agent[];
  readonly #options: AgentLoopOptions;
  #spinNs: number;
  #sleepMs: number;
  #running = false;
  #inCycle = false;
  #lastWorkNs = 0;
  #cycles = 0;
  #errors = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: Timer | undefined;
  #stopped: (() => void)[] = [];
  readonly #turn = (): void => this.#runTurn();

  constructor(agents: readonly Agent[], options: AgentLoopOptions) {
    this.#agents = agents;
    this.#options = options;
    this.#spinNs = options.spinMs * 1e6;
    this.#sleepMs = options.sleepMs;
  }

  /** Rounds over all agents so far. */
  get cycles(): number {
    return this.#cycles;
  }

  /** Exceptions out of agents so far. */
  get errors(): number {
    return this.#errors;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lastWorkNs = this.#options.clock.monotonicNs();
    this.#scheduleNow();
  }

  /** Resolves when no agent is in doWork() and none will be called any more. */
  stop(): Promise<void> {
    this.#running = false;
    this.#unschedule();
    if (!this.#inCycle) return Promise.resolve();
    return new Promise((resolve) => this.#stopped.push(resolve));
  }

  /** Ends a sleep early: there is work. */
  wake(): void {
    if (!this.#running || this.#inCycle || this.#timer === undefined) return;
    this.#unschedule();
    this.#scheduleNow();
  }

  /** loop.spinMs and loop.sleepMs may change while running. */
  configure(idle: { readonly spinMs: number; readonly sleepMs: number }): void {
    this.#spinNs = idle.spinMs * 1e6;
    this.#sleepMs = idle.sleepMs;
  }

  #runTurn(): void {
    this.#immediate = undefined;
    this.#timer = undefined;
    const clock = this.#options.clock;
    const startNs = clock.monotonicNs();
    let nowNs = startNs;
    let idle = false;
    this.#inCycle = true;
    while (this.#running && !idle && nowNs - startNs < turnNsMax) {
      const work = this.#runCycle();
      nowNs = clock.monotonicNs();
      if (work > 0) this.#lastWorkNs = nowNs;
      else idle = this.#mayRest(nowNs);
      // A clock that stands still (a test's) must not hold the turn for ever.
      if (nowNs === startNs) break;
    }
    this.#inCycle = false;
    if (!this.#running) this.#release();
    else if (idle) this.#timer = clock.setTimer(this.#restMs(nowNs), this.#turn);
    else this.#scheduleNow();
  }

  #runCycle(): number {
    let work = 0;
    this.#cycles++;
    for (let index = 0; index < this.#agents.length; index++) {
      const agent = this.#agents[index] as Agent;
      try {
        work += agent.doWork();
      } catch (error) {
        this.#report(agent, error);
      }
    }
    return work;
  }

  #mayRest(nowNs: number): boolean {
    if (this.#options.idle === 'spin') return false;
    return this.#options.idle === 'sleep' || nowNs - this.#lastWorkNs >= this.#spinNs;
  }

  #restMs(nowNs: number): number {
    if (this.#options.idle !== 'adaptive') return this.#sleepMs;
    const doublings = Math.floor((nowNs - this.#lastWorkNs) / restGrowNs);
    return this.#sleepMs * Math.min(restFactorMax, 2 ** doublings);
  }

  #report(agent: Agent, error: unknown): void {
    this.#errors++;
    try {
      this.#options.onError(agent, error);
    } catch {
      // The reporter's own failure must not stop the other agents; it is counted above.
    }
  }

  #scheduleNow(): void {
    // ambient: the event loop's turn is what this class is about
    this.#immediate = setImmediate(this.#turn);
  }

  #unschedule(): void {
    // ambient: the event loop's turn is what this class is about
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #release(): void {
    const waiting = this.#stopped;
    this.#stopped = [];
    for (const resolve of waiting) resolve();
  }
}
