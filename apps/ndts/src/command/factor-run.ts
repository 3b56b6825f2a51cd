// Factors over replayed ticks, in one of three ways: of each tick, of windows, of cross-sections.

import {
  FactorsOverHistory,
  lengthNs,
  parseExpression,
  type ReplayedBatch,
  ReplayedTicks,
  SectionFactors,
  WindowFactors,
} from '@ndts/calc-node';
import { NdtsError, nsPerMs, type TickBatch, type Time } from '@ndts/protocol';
import type { TimedRows } from '../screen/rows.js';

export interface FactorRunFlags {
  /** Lengths of time, such as 60s. */
  readonly window?: string;
  readonly step?: string;
  readonly every?: string;
}

type GiveRows = (rows: TimedRows, values: readonly Float64Array[]) => void;

export interface FactorRun {
  /** Of what give() is given; `ticks` of a window comes first. */
  readonly columns: readonly string[];
  readonly isOfTicks: boolean;
  /** Rows that one run() takes. */
  readonly capacity: number;
  run(batch: ReplayedBatch, from: number, count: number, give: GiveRows): void;
  /** What has ended by `to` is given, too; where there is no end, what the last tick ended. */
  end(to: Time | undefined, give: GiveRows): void;
  close(): void;
}

/** Throws INVALID_ARGUMENT. */
export function createFactorRun(texts: readonly string[], flags: FactorRunFlags): FactorRun {
  const { window, step, every } = flags;
  if (every !== undefined && (window !== undefined || step !== undefined))
    throw wrong('--every is of cross-sections, --window and --step of windows');
  if (every !== undefined) return sectionRun(texts, lengthMs(every, 'every'));
  if (window !== undefined) {
    const sizeMs = lengthMs(window, 'window');
    return windowRun(texts, sizeMs, step === undefined ? sizeMs : lengthMs(step, 'step'));
  }
  if (step !== undefined) throw wrong('--step is of windows: expected --window, such as 60s');
  return new TickRun(texts);
}

function lengthMs(text: string, flag: string): number {
  const ms = (lengthNs(text) ?? 0) / nsPerMs;
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw wrong(`--${flag}: expected a time such as 60s, 500ms, 5m or 1h, found '${text}'`);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}

class TickRun implements FactorRun {
  readonly columns: readonly string[];
  readonly isOfTicks = true;
  readonly #factors: FactorsOverHistory;

  constructor(texts: readonly string[]) {
    this.columns = texts;
    this.#factors = new FactorsOverHistory(texts.map((text) => parseExpression(text)));
  }

  get capacity(): number {
    return this.#factors.capacity;
  }

  run(batch: ReplayedBatch, from: number, count: number, give: GiveRows): void {
    const rows = {
      count,
      day: batch.day.subarray(from),
      nsOfDay: batch.nsOfDay.subarray(from),
      sequence: batch.sequence.subarray(from),
      symbol: batch.symbol.subarray(from),
    };
    give(rows, this.#factors.run(batch, from, count));
  }

  end(): void {}

  close(): void {
    this.#factors.close();
  }
}

/** What of windows and of cross-sections a run needs. */
interface Closing {
  push(batch: TickBatch): void;
  advance(day: number, nsOfDay: number): void;
  close(): void;
}

/** Gives what ticks and time close, not the ticks. */
class ClosingRun implements FactorRun {
  readonly columns: readonly string[];
  readonly isOfTicks = false;
  readonly #ticks = new ReplayedTicks();
  readonly #factors: Closing;
  #give: GiveRows = () => {};

  constructor(columns: readonly string[], begin: (give: GiveRows) => Closing) {
    this.columns = columns;
    this.#factors = begin((rows, values) => this.#give(rows, values));
  }

  get capacity(): number {
    return this.#ticks.capacity;
  }

  run(batch: ReplayedBatch, from: number, count: number, give: GiveRows): void {
    this.#give = give;
    this.#factors.push(this.#ticks.take(batch, from, count));
  }

  end(to: Time | undefined, give: GiveRows): void {
    this.#give = give;
    if (to !== undefined) this.#factors.advance(to.day, to.nsOfDay);
  }

  close(): void {
    this.#factors.close();
  }
}

function windowRun(factors: readonly string[], sizeMs: number, stepMs: number): FactorRun {
  const shape = { kind: 'sliding', sizeMs, stepMs } as const;
  return new ClosingRun(['ticks', ...factors], (give) => {
    return new WindowFactors({ factors, shape }, (rows, values) => {
      const { count, day, nsOfDay, symbol } = rows;
      give({ count, day, nsOfDay, symbol }, [rows.ticks, ...values]);
    });
  });
}

function sectionRun(factors: readonly string[], stepMs: number): FactorRun {
  const trigger = { kind: 'time', stepMs } as const;
  return new ClosingRun(factors, (give) => {
    return new SectionFactors({ factors, trigger }, (rows, values) => {
      const { count, symbol } = rows;
      const day = new Float64Array(count).fill(rows.day);
      const nsOfDay = new Float64Array(count).fill(rows.nsOfDay);
      give({ count, day, nsOfDay, symbol }, values);
    });
  });
}
