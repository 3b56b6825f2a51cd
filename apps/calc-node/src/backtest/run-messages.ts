// What a worker of backtests and the thread that started it tell each other.

import type { ErrorCode } from '@ndts/protocol';
import type { RunRequest } from './execute.js';
import type { LookAheadResult } from './look-ahead.js';
import type { BacktestSummary } from './result.js';

export interface RunOrder {
  readonly request: RunRequest;
  /** Where the folder of the run goes; undefined: only the summary is wanted. */
  readonly folder?: string;
  /** Run with other futures, too. */
  readonly lookAhead?: boolean;
}

export interface RunDone {
  readonly summary: BacktestSummary;
  /** The folder of the run; '': none was asked for. */
  readonly path: string;
  readonly lookAhead: LookAheadResult | null;
}

/** To the worker. */
export type RunCommand = 'cancel';

/** From the worker; done or failed is the last one. */
export type RunMessage =
  | { readonly type: 'progress'; readonly ticks: number; readonly total: number }
  | { readonly type: 'done'; readonly done: RunDone }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };
