// hot: no allocation after init
// A strategy's loop in its own process: the second half of the tick path on one page. Always:
// hooks see ticks in the order of the ring, each once; a signal leaves before the next hook is
// called. Without ticks it spins for spinMs and then waits as `wait` says. Asleep it is woken by
// the first tick after a pause; where it only spins, that tick may be taken a few milliseconds late
// (AgentLoop).

import { nsPerMs, type RingWait, type TickBatch } from '@ndts/protocol';
import type { Agent } from '@ndts/runtime';
import type { TickRingReader } from '@ndts/storage';
import type { SignalWriter } from '../emit/signal-writer.js';
import type { FactorPlan } from '../factor/factor-plan.js';
import type { FactorRowWriter } from '../factor/factor-rows.js';
import { TickCursor } from '../source/tick-cursor.js';
import type { AnyStrategy } from './define.js';
import type { HostContext } from './host-context.js';
import type { ReportMessage } from './host-protocol.js';

export interface HostParts {
  readonly strategy: AnyStrategy;
  readonly context: HostContext;
  readonly reader: TickRingReader;
  readonly batch: TickBatch;
  readonly plan: FactorPlan;
  readonly factorRows: FactorRowWriter;
  readonly signals: SignalWriter;
  /** How long a poll spins natively while there is nothing. */
  readonly spinUs: number;
  /** How long after the last tick polls still spin; Infinity: always. */
  readonly spinMs: number;
  /** What a poll does after that, and for how long. */
  readonly wait: RingWait;
  readonly waitMs: number;
  readonly reportIntervalMs: number;
  monotonicNs(): number;
  report(message: ReportMessage): void;
  /** The strategy has asked for something since the last one. */
  snapshot(): void;
}

const timerIntervalMsDefault = 1000;

export class StrategyHost implements Agent {
  readonly name = 'strategy';
  readonly #parts: HostParts;
  readonly #tick = new TickCursor();
  readonly #timerNs: number;
  readonly #spinNs: number;
  #spinUntilNs = 0;
  #nowNs: number;
  #ticks = 0;
  #factorRows = 0;
  #reportAtNs = 0;
  #timerAtNs: number;
  #snapshotSignals = 0;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#timerNs = (parts.strategy.timerIntervalMs ?? timerIntervalMsDefault) * nsPerMs;
    this.#spinNs = parts.spinMs * nsPerMs;
    this.#nowNs = parts.monotonicNs();
    this.#spinUntilNs = this.#nowNs + this.#spinNs;
    this.#timerAtNs = this.#nowNs + this.#timerNs;
  }

  doWork(): number {
    const { reader, batch, plan, spinUs, wait } = this.#parts;
    const rows =
      this.#nowNs < this.#spinUntilNs
        ? reader.waitPoll(batch, spinUs)
        : reader.waitPoll(batch, 0, wait, this.#waitUs());
    if (rows > 0) {
      plan.compute(batch);
      this.#callHooks(batch);
      // After the hooks: a signal is in a hurry, a factor row is not.
      this.#publishFactors(batch);
      this.#ticks += rows;
    }
    const nowNs = this.#parts.monotonicNs();
    this.#nowNs = nowNs;
    if (rows > 0) this.#spinUntilNs = nowNs + this.#spinNs;
    if (nowNs >= this.#timerAtNs) this.#callTimer(nowNs);
    if (nowNs >= this.#reportAtNs) this.#report(nowNs);
    return rows;
  }

  /** Not past the next timer. */
  #waitUs(): number {
    const untilTimerNs = Math.max(0, this.#timerAtNs - this.#nowNs);
    return Math.min(this.#parts.waitMs * nsPerMs, untilTimerNs) / 1000;
  }

  #callHooks(batch: TickBatch): void {
    const { strategy, context, plan } = this.#parts;
    const tick = this.#tick;
    tick.batch = batch;
    for (let row = 0; row < batch.count; row += 1) {
      context.moveTo(batch, row);
      if (strategy.onTick !== undefined) {
        tick.row = row;
        strategy.onTick(tick, context);
      }
      if (strategy.onFactor === undefined) continue;
      for (let index = 0; index < plan.factors.length; index += 1) {
        const cursor = plan.factors[index]!.cursor;
        cursor.row = row;
        context.setFactorValue(cursor.columns.value[row]!);
        strategy.onFactor(cursor, context);
      }
    }
  }

  #publishFactors(batch: TickBatch): void {
    const { plan, factorRows } = this.#parts;
    for (let index = 0; index < plan.factors.length; index += 1) {
      const factor = plan.factors[index]!;
      factorRows.publish(batch, factor.id, factor.cursor.columns);
      this.#factorRows += batch.count;
    }
  }

  #callTimer(nowNs: number): void {
    this.#timerAtNs = nowNs + this.#timerNs;
    this.#parts.strategy.onTimer?.(this.#parts.context);
  }

  #report(nowNs: number): void {
    const { reader, signals, context, reportIntervalMs } = this.#parts;
    this.#reportAtNs = nowNs + reportIntervalMs * nsPerMs;
    this.#parts.report({
      type: 'report',
      ticks: this.#ticks,
      signals: signals.count,
      factorRows: this.#factorRows,
      lapped: reader.lapped(),
      latency: context.latency.snapshot(),
    });
    if (signals.count === this.#snapshotSignals) return;
    this.#snapshotSignals = signals.count;
    this.#parts.snapshot();
  }
}
