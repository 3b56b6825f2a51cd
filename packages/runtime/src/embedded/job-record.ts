// A job as the embedded queue keeps it, and how it looks from outside.

import type { Job, JobState } from '@ndts/protocol';

export interface JobRecord {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly input: unknown;
  /** Order of adding, over all queues. */
  readonly sequence: number;
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly createdMs: number;
  state: JobState;
  progress: number;
  attempts: number;
  outcome: unknown;
  finishedMs: number | undefined;
  /** Wall time before which a waiting job is not run. */
  notBeforeMs: number;
}

export function isFinal(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'canceled';
}

/** A copy: what is handed out does not change. */
export function jobOf(record: JobRecord): Job {
  return {
    id: record.id,
    queue: record.queue,
    name: record.name,
    input: record.input,
    state: record.state,
    progress: record.progress,
    attempts: record.attempts,
    maxAttempts: record.maxAttempts,
    outcome: record.outcome,
    createdMs: record.createdMs,
    finishedMs: record.finishedMs,
  };
}

/** Wait before the next attempt: doubled each time, a day at most. */
export function backoffMsOf(record: JobRecord): number {
  return Math.min(record.backoffMs * 2 ** Math.max(0, record.attempts - 1), 86_400_000);
}
