// The Jobs port on a KeyValueStore: queues in order of adding, retries with back-off, cancel,
// progress, history. Always: an attempt is counted in the store before its handler runs, so a job
// that kills its worker runs out of attempts; a canceled job stays canceled whatever its handler
// does.

import {
  type Clock,
  type Job,
  type JobContext,
  type JobOptions,
  type Jobs,
  type KeyValueStore,
  NdtsError,
  type Random,
  type Timer,
  errorLine,
} from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import { type JobRecord, backoffMsOf, isFinal, jobOf } from './job-record.js';
import { JobTable } from './job-table.js';

export interface EmbeddedJobsOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Finished jobs kept per queue. */
  readonly historyLimit?: number;
}

type Handler = (context: JobContext) => Promise<unknown>;

interface Worker {
  readonly concurrency: number;
  readonly handler: Handler;
  readonly running: Map<string, { readonly abort: AbortController; done: Promise<void> }>;
  open: boolean;
}

interface Queue {
  /** Jobs that may run now, in order. */
  readonly ready: Map<string, JobRecord>;
  readonly delayed: Map<string, Timer>;
  readonly workers: Set<Worker>;
}

const maxAttemptsDefault = 3;
const backoffMsDefault = 1_000;
const historyLimitDefault = 1_000;
const workerDied = 'the worker died during the last attempt';

export class EmbeddedJobs implements Jobs {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #table: JobTable;
  readonly #queues = new Map<string, Queue>();
  #closed = false;

  constructor(options: EmbeddedJobsOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    const historyLimit = options.historyLimit ?? historyLimitDefault;
    this.#table = new JobTable(options.store, options.random, historyLimit);
    for (const record of this.#table.unfinished()) this.#recover(record);
  }

  async add(queue: string, name: string, input: unknown, options: JobOptions = {}): Promise<Job> {
    this.#checkOpen();
    const present = options.id === undefined ? undefined : this.#table.find(options.id);
    if (present === undefined) {
      const record = this.#newRecord(queue, name, input, options);
      this.#table.add(record);
      this.#enqueue(record);
      await this.#store.durable();
      return jobOf(record);
    }
    await this.#store.durable();
    return jobOf(present);
  }

  async get(id: string): Promise<Job | undefined> {
    this.#checkOpen();
    const record = this.#table.find(id);
    return record === undefined ? undefined : jobOf(record);
  }

  async list(queue: string, limit: number): Promise<Job[]> {
    this.#checkOpen();
    return this.#table.list(queue, limit);
  }

  async cancel(id: string): Promise<boolean> {
    this.#checkOpen();
    const record = this.#table.find(id);
    if (record === undefined || isFinal(record.state)) return false;
    const queue = this.#queue(record.queue);
    queue.ready.delete(id);
    queue.delayed.get(id)?.cancel();
    queue.delayed.delete(id);
    this.#finish(record, 'canceled', 'canceled');
    for (const worker of queue.workers) worker.running.get(id)?.abort.abort();
    await this.#store.durable();
    return true;
  }

  work(queue: string, concurrency: number, handler: Handler): () => Promise<void> {
    this.#checkOpen();
    if (!Number.isSafeInteger(concurrency) || concurrency < 1)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a concurrency of at least 1, found ${concurrency}`,
      );
    const worker: Worker = { concurrency, handler, running: new Map(), open: true };
    const target = this.#queue(queue);
    target.workers.add(worker);
    this.#dispatch(target);
    return () => stopWorker(target, worker);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const stopping: Promise<void>[] = [];
    for (const queue of this.#queues.values()) {
      for (const timer of queue.delayed.values()) timer.cancel();
      queue.ready.clear();
      for (const worker of queue.workers) stopping.push(stopWorker(queue, worker));
    }
    await Promise.all(stopping);
    this.#closed = true;
    await this.#store.durable().catch(() => undefined);
  }

  #newRecord(queue: string, name: string, input: unknown, options: JobOptions): JobRecord {
    const maxAttempts = options.maxAttempts ?? maxAttemptsDefault;
    if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1)
      throw new NdtsError('INVALID_ARGUMENT', `expected maxAttempts >= 1, found ${maxAttempts}`);
    return {
      id: options.id ?? this.#table.newId(),
      queue,
      name,
      input: plainCopy(input),
      sequence: this.#table.nextSequence(),
      maxAttempts,
      backoffMs: Math.max(0, options.backoffMs ?? backoffMsDefault),
      createdMs: this.#clock.nowMs(),
      state: 'waiting',
      progress: 0,
      attempts: 0,
      outcome: undefined,
      finishedMs: undefined,
      notBeforeMs: 0,
    };
  }

  /** A job of a former process: an active one lost its worker. */
  #recover(record: JobRecord): void {
    if (record.state === 'active') {
      if (record.attempts >= record.maxAttempts) {
        this.#finish(record, 'failed', workerDied);
        return;
      }
      record.state = 'waiting';
      this.#table.save(record);
    }
    this.#enqueue(record);
  }

  #enqueue(record: JobRecord): void {
    const queue = this.#queue(record.queue);
    const delayMs = record.notBeforeMs - this.#clock.nowMs();
    if (delayMs <= 0) {
      queue.ready.set(record.id, record);
    } else {
      const timer = this.#clock.setTimer(delayMs, () => {
        queue.delayed.delete(record.id);
        queue.ready.set(record.id, record);
        this.#dispatch(queue);
      });
      queue.delayed.set(record.id, timer);
    }
    this.#dispatch(queue);
  }

  #dispatch(queue: Queue): void {
    for (const worker of queue.workers) {
      while (worker.open && worker.running.size < worker.concurrency) {
        const next = queue.ready.values().next();
        if (next.done === true) return;
        queue.ready.delete(next.value.id);
        this.#run(queue, worker, next.value);
      }
    }
  }

  #run(queue: Queue, worker: Worker, record: JobRecord): void {
    record.state = 'active';
    record.attempts++;
    record.progress = 0;
    const abort = new AbortController();
    const running = { abort, done: Promise.resolve() };
    worker.running.set(record.id, running);
    running.done = this.#attempt(worker, record, abort)
      .catch((error: unknown) => {
        // The store refused the outcome; the job is found active at the next start and run again.
        this.#logger.error({ err: error, job: record.id }, 'the outcome of a job was not kept');
      })
      .finally(() => {
        worker.running.delete(record.id);
        this.#dispatch(queue);
      });
  }

  async #attempt(worker: Worker, record: JobRecord, abort: AbortController): Promise<void> {
    this.#table.save(record);
    // The handler never runs inside the call that added the job.
    await Promise.resolve();
    try {
      const outcome = await worker.handler(this.#context(record, abort));
      if (record.state === 'active') this.#complete(record, plainCopy(outcome));
    } catch (error) {
      if (record.state === 'active') this.#afterFailure(worker, record, error);
    }
  }

  #context(record: JobRecord, abort: AbortController): JobContext {
    return {
      job: jobOf(record),
      signal: abort.signal,
      progress: (fraction) => {
        if (record.state === 'active') this.#table.saveProgress(record, fraction);
      },
    };
  }

  #complete(record: JobRecord, outcome: unknown): void {
    record.progress = 1;
    this.#finish(record, 'completed', outcome);
  }

  #afterFailure(worker: Worker, record: JobRecord, error: unknown): void {
    const reason = errorLine(error);
    record.outcome = reason;
    if (!worker.open) {
      // Stopped by a shutdown, not by itself: the attempt does not count.
      record.attempts--;
      record.state = 'waiting';
      this.#table.save(record);
      if (!this.#closed) this.#enqueue(record);
    } else if (record.attempts >= record.maxAttempts) {
      this.#finish(record, 'failed', reason);
      this.#logger.warn({ job: record.id, queue: record.queue, reason }, 'a job failed');
    } else {
      record.state = 'waiting';
      record.notBeforeMs = this.#clock.nowMs() + backoffMsOf(record);
      this.#table.save(record);
      this.#enqueue(record);
    }
  }

  #finish(record: JobRecord, state: 'completed' | 'failed' | 'canceled', outcome: unknown): void {
    record.state = state;
    record.outcome = outcome;
    record.finishedMs = this.#clock.nowMs();
    this.#table.save(record);
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { ready: new Map(), delayed: new Map(), workers: new Set() };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the job queues are closed');
  }
}

async function stopWorker(queue: Queue, worker: Worker): Promise<void> {
  worker.open = false;
  for (const { abort } of worker.running.values()) abort.abort();
  await Promise.all([...worker.running.values()].map(({ done }) => done));
  queue.workers.delete(worker);
}

/** As JSON carries it, so that what a handler sees does not depend on a restart in between. */
function plainCopy(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? 'null');
}
