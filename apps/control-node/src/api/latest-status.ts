// The last status of each role seen on the bus, for the API, the live push and the terminal's line.
// Never older than what was published; `undefined` until a role has spoken.

import {
  type Bus,
  type CalcStatus,
  type Clock,
  type DataStatus,
  type ExecStatus,
  nsPerMs,
  subjects,
  type Watermarks,
} from '@ndts/protocol';

export interface StatusView {
  readonly timeMs: number;
  readonly data: DataStatus | null;
  readonly calc: CalcStatus | null;
  readonly exec: ExecStatus | null;
  readonly watermarks: Watermarks | null;
  /** Since each role spoke last; null when it never did. */
  readonly agesMs: {
    readonly data: number | null;
    readonly calc: number | null;
    readonly exec: number | null;
  };
}

export class LatestStatus {
  readonly #clock: Clock;
  readonly #ends: (() => void)[];
  #data: DataStatus | undefined;
  #calc: CalcStatus | undefined;
  #exec: ExecStatus | undefined;
  #dataNs = 0;
  #calcNs = 0;
  #execNs = 0;

  constructor(bus: Bus, clock: Clock) {
    this.#clock = clock;
    this.#ends = [
      bus.subscribe(subjects.dataStatus, ({ payload }) => {
        this.#data = payload as DataStatus;
        this.#dataNs = clock.monotonicNs();
      }),
      bus.subscribe(subjects.calcStatus, ({ payload }) => {
        this.#calc = payload as CalcStatus;
        this.#calcNs = clock.monotonicNs();
      }),
      bus.subscribe(subjects.execStatus, ({ payload }) => {
        this.#exec = payload as ExecStatus;
        this.#execNs = clock.monotonicNs();
      }),
    ];
  }

  view(): StatusView {
    const nowNs = this.#clock.monotonicNs();
    const age = (seen: boolean, atNs: number): number | null =>
      seen ? Math.round((nowNs - atNs) / nsPerMs) : null;
    return {
      timeMs: this.#clock.nowMs(),
      data: this.#data ?? null,
      calc: this.#calc ?? null,
      exec: this.#exec ?? null,
      watermarks: this.#data?.watermarks ?? null,
      agesMs: {
        data: age(this.#data !== undefined, this.#dataNs),
        calc: age(this.#calc !== undefined, this.#calcNs),
        exec: age(this.#exec !== undefined, this.#execNs),
      },
    };
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}
