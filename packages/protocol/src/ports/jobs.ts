// Long work with retries, progress, cancel and history.

export type JobState = 'waiting' | 'active' | 'completed' | 'failed' | 'canceled';

export interface Job {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Plain data (JSON). */
  readonly input: unknown;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Result when completed, reason when failed or canceled. */
  readonly outcome: unknown;
  readonly createdMs: number;
  readonly finishedMs: number | undefined;
}

export interface JobContext {
  readonly job: Job;
  /** Aborted on cancel and on shutdown. */
  readonly signal: AbortSignal;
  progress(fraction: number): void;
}

export interface JobOptions {
  /** The same id is never queued twice; the existing job is returned. */
  readonly id?: string;
  readonly maxAttempts?: number;
  /** Wait before a retry, doubled each time. */
  readonly backoffMs?: number;
}

export interface Jobs {
  add(queue: string, name: string, input: unknown, options?: JobOptions): Promise<Job>;
  get(id: string): Promise<Job | undefined>;
  /** Newest first. */
  list(queue: string, limit: number): Promise<Job[]>;
  cancel(id: string): Promise<boolean>;
  /** A job that was active when its worker died is run again (an attempt is counted). */
  work(
    queue: string,
    concurrency: number,
    handler: (context: JobContext) => Promise<unknown>,
  ): () => Promise<void>;
  close(): Promise<void>;
}
