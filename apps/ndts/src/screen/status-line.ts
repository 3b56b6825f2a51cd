// The live line of `ndts up`: one line redrawn in place on a terminal, one line every few seconds
// elsewhere.

import type { CalcStatus, DataStatus, ExecStatus } from '@ndts/protocol';
import { numberText } from './table.js';

export interface LatestStatus {
  readonly data: DataStatus | undefined;
  readonly calc: CalcStatus | undefined;
  readonly exec: ExecStatus | undefined;
}

/** As much as fits into `columns`: what matters least is left out first, nothing is cut. */
export function statusLine(status: LatestStatus, columns = Number.POSITIVE_INFINITY): string {
  const { data, calc, exec } = status;
  if (data === undefined) return 'starting';
  const marks = data.watermarks;
  const parts: Part[] = [
    [0, `${numberText(Math.round(data.ticksPerSecond))} ticks/s`],
    [4, `accepted ${numberText(marks.accepted)}`],
    [1, `durable ${lagText(marks.durableLagMs)} behind`],
    [3, `replicated ${lagText(marks.replicatedLagMs)} behind`],
    [2, `sealed ${numberText(marks.sealedLagTicks)} ticks behind`],
  ];
  if (calc !== undefined) parts.push([1, `signals ${numberText(calc.signals)}`]);
  if (exec !== undefined) {
    parts.push([0, `orders ${numberText(exec.orders)}`]);
    const pnl = Number(exec.realisedPnl) + Number(exec.unrealisedPnl) - Number(exec.fees);
    parts.push([0, `PnL ${pnl >= 0 ? '+' : ''}${numberText(Number(pnl.toFixed(2)))}`]);
    if (exec.tradingState !== 'ACTIVE') parts.push([0, exec.tradingState]);
    if (exec.route !== undefined && exec.route.breaker !== 'closed')
      parts.push([0, `VIA ${exec.route.backup}`]);
    if (exec.unknownOrders > 0) parts.push([0, `${exec.unknownOrders} UNKNOWN`]);
  }
  for (let least = 4; least > 0; least -= 1) {
    const line = joinParts(parts, least);
    if (line.length <= columns) return line;
  }
  return joinParts(parts, 0);
}

/** How little it matters, and what it says. */
type Part = readonly [number, string];

function joinParts(parts: readonly Part[], least: number): string {
  return parts
    .filter(([matter]) => matter <= least)
    .map(([, text]) => text)
    .join(' | ');
}

function lagText(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(0)} s`;
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

export interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

const plainEveryMs = 5000;

/** Redraws on a terminal; prints a line every five seconds to a file or a pipe. */
export class LiveLine {
  readonly #screen: Screen;
  #lastPlainMs = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  update(text: string, nowMs: number): void {
    if (this.#screen.isTerminal) {
      const width = Math.max(20, this.#screen.columns - 1);
      this.#screen.write(`\r\x1b[2K${text.slice(0, width)}`);
      this.#drawn = true;
    } else if (nowMs - this.#lastPlainMs >= plainEveryMs) {
      this.#lastPlainMs = nowMs;
      this.#screen.write(`${text}\n`);
    }
  }

  /** Ends the line, so that what follows starts on one of its own. */
  end(): void {
    if (this.#drawn) this.#screen.write('\n');
    this.#drawn = false;
  }
}
