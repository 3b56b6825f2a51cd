// hot: no allocation after init
// The duty cycle of a node's main thread. All agents do their work in turn; several cycles share
// one turn of the event loop, bounded in time, so that its cost is spread and I/O still gets its
// turn. Without work adaptive spins where work comes often, else sleeps until an agent says that it
// is due or somebody wakes it; an agent that can't say is looked at every sleepMs, less often after
// seconds without work. Always: an agent that throws is reported and called again; no agent runs
// after stop() resolved; no sleep is longer than restMsMax, so that what wakes nobody is late, not
// lost.

import { type Clock, nsPerMs, type Timer } from '@ndts/protocol';
import { SpinRule } from './spin-rule.js';

export interface Agent {
  readonly name: string;
  /** Does what there is to do without blocking; returns how much that was, 0 for nothing. */
  doWork(): number;
  /** When it is due next by the clock (monotonic ns; Infinity: never), while nobody wakes the loop.
   * Asked after a cycle without work. Absent or undefined: it can't say. */
  dueNs?(nowNs: number): number | undefined;
}

export interface AgentLoopOptions {
  /** Without work: spin (SpinRule) and then sleep, always spin, or sleep at once. */
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
const restMsMax = 250;
/** Who sleeps longer than this is not in a hurry. */
const roughMs = 50;

export class AgentLoop {
  readonly #agents: readonly Agent[];
  readonly #options: AgentLoopOptions;
  readonly #rule: SpinRule;
  #sleepMs: number;
  #running = false;
  #inCycle = false;
  #woken = false;
  #cycles = 0;
  #errors = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: Timer | undefined;
  #stopped: (() => void)[] = [];
  readonly #turn = (): void => this.#runTurn();

  constructor(agents: readonly Agent[], options: AgentLoopOptions) {
    this.#agents = agents;
    this.#options = options;
    this.#rule = new SpinRule(options.spinMs, options.clock.monotonicNs());
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
    this.#rule.note(this.#options.clock.monotonicNs());
    this.#scheduleNow();
  }

  /** Resolves when no agent is in doWork() and none will be called any more. */
  stop(): Promise<void> {
    this.#running = false;
    this.#unschedule();
    if (!this.#inCycle) return Promise.resolve();
    return new Promise((resolve) => this.#stopped.push(resolve));
  }

  /** Ends a sleep early: there is work. Costs nothing while it is awake. */
  wake(): void {
    if (!this.#running || this.#timer === undefined) {
      this.#woken = true;
      return;
    }
    this.#unschedule();
    this.#scheduleNow();
  }

  /** loop.spinMs and loop.sleepMs may change while running. */
  configure(idle: { readonly spinMs: number; readonly sleepMs: number }): void {
    this.#rule.spinMs = idle.spinMs;
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
    this.#woken = false;
    while (this.#running && !idle && nowNs - startNs < turnNsMax) {
      const work = this.#runCycle();
      nowNs = clock.monotonicNs();
      if (work > 0) this.#rule.note(nowNs);
      else idle = this.#mayRest(nowNs);
      // A clock that stands still (a test's) must not hold the turn for ever.
      if (nowNs === startNs) break;
    }
    this.#inCycle = false;
    if (!this.#running) this.#release();
    else this.#rest(idle ? this.#restMs(nowNs) : 0);
  }

  #rest(restMs: number): void {
    // Woken meanwhile: by an agent for one that was before it.
    if (restMs > 0 && !this.#woken) this.#timer = this.#options.clock.setTimer(restMs, this.#turn);
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
    return this.#options.idle === 'sleep' || !this.#rule.spins(nowNs);
  }

  #restMs(nowNs: number): number {
    const lookMs = this.#lookMs(nowNs);
    let restMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#agents.length; index++) {
      const due = this.#dueNs(this.#agents[index] as Agent, nowNs);
      const waitMs = due === undefined ? lookMs : Math.min(restMsMax, (due - nowNs) / nsPerMs);
      restMs = Math.min(restMs, waitMs);
    }
    // A timer counts whole milliseconds from a moment before this one: what is due would be woken
    // for too early, and once more.
    if (restMs > roughMs && restMs < restMsMax) return Math.ceil(restMs) + 1;
    return Math.max(0, restMs);
  }

  #dueNs(agent: Agent, nowNs: number): number | undefined {
    try {
      return agent.dueNs?.(nowNs);
    } catch (error) {
      this.#report(agent, error);
      return undefined;
    }
  }

  /** How long agents that can't say when they are due are left alone. */
  #lookMs(nowNs: number): number {
    if (this.#options.idle !== 'adaptive') return this.#sleepMs;
    const doublings = Math.floor((nowNs - this.#rule.lastNs) / restGrowNs);
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
