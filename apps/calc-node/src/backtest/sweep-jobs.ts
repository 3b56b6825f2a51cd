// Sweeps as jobs: queued, cancelled and remembered by whoever has the jobs, run by a node over its
// own data. Always: what was asked for is checked before anything runs; the outcome says where the
// table is and what was best.

import { type Jobs, NdtsError } from '@ndts/protocol';
import type { GivenParameters } from '../strategy/parameters.js';
import type { HistoryRange, HistoryClient } from './history-ticks.js';
import { type GivenSettings, resolveSettings } from './settings.js';
import {
  runSweep,
  saveSweep,
  type SweepMetric,
  type SweepProgress,
  sweepMetrics,
  type SweepRequest,
  type SweepRow,
} from './sweep.js';

export const sweepQueue = 'sweep';

/** What a job of the queue is asked: plain JSON. */
export interface SweepJob {
  readonly plugin: string;
  readonly points: readonly GivenParameters[];
  readonly settings?: GivenSettings;
  readonly range?: HistoryRange;
  readonly metric?: SweepMetric;
  readonly walkForward?: SweepRequest['walkForward'];
}

export interface SweepJobOutcome {
  readonly id: string;
  readonly path: string;
  readonly best: SweepRow | null;
}

export interface SweepWorkerOptions {
  readonly jobs: Jobs;
  /** The data that every sweep runs over. */
  readonly client: HistoryClient;
  /** Where tables go. */
  readonly folder: string;
  readonly threads: number;
  readonly memoryBytes: number;
}

/** Reading the ticks is so much of the whole. */
const loadPart = 0.1;

function checkJob(input: unknown): SweepJob {
  const job = input as Partial<SweepJob> | null;
  const fail = (expected: string): never => {
    throw new NdtsError('INVALID_ARGUMENT', `a sweep: expected ${expected}`);
  };
  if (typeof job !== 'object' || job === null) return fail('an object');
  if (typeof job.plugin !== 'string') return fail('plugin, a name or a path');
  if (!Array.isArray(job.points) || job.points.length === 0) return fail('points, at least one');
  if (job.metric !== undefined && !sweepMetrics.includes(job.metric))
    return fail(`a metric of ${sweepMetrics.join(', ')}`);
  return job as SweepJob;
}

function partOf(progress: SweepProgress): number {
  const total = Math.max(1, progress.total);
  if (progress.phase === 'load') return (loadPart * progress.ticks) / total;
  return loadPart + ((1 - loadPart) * progress.done) / total;
}

/** One sweep at a time. Returns what ends the work: the sweep at hand is put off. */
export function workSweeps(options: SweepWorkerOptions): () => Promise<void> {
  const { jobs, client, folder, threads, memoryBytes } = options;
  return jobs.work(sweepQueue, 1, async (told): Promise<SweepJobOutcome> => {
    const job = checkJob(told.job.input);
    const { plugin, points, settings = {}, range = {}, metric, walkForward } = job;
    const request: SweepRequest = {
      ...{ plugin, points, threads, memoryBytes },
      settings: resolveSettings(settings),
      source: { kind: 'history', client, range },
      metric: metric ?? 'sharpe',
      ...(walkForward === undefined ? {} : { walkForward }),
    };
    const result = await runSweep(request, {
      signal: told.signal,
      onProgress: (progress) => told.progress(partOf(progress)),
    });
    const path = saveSweep(folder, result);
    return { id: result.id, path, best: result.rows[0] ?? result.folds.at(-1)?.tested ?? null };
  });
}
