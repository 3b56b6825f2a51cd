// The jobs of the embedded queue as they are kept on a KeyValueStore, and the unfinished ones in
// memory. Always: a change is in the store before it is visible; a queue keeps its newest finished
// jobs up to a limit, and every unfinished one.

import type { Job, KeyValueStore, Random } from '@ndts/protocol';
import { type JobRecord, isFinal, jobOf } from './job-record.js';
import { decodeJson, encodeJson, orderedNumber } from './json-value.js';

const jobPrefix = 'jobs/job/';
const queuePrefix = 'jobs/queue/';
const sequenceKey = 'jobs/sequence';
/** Progress is kept in steps, so that a job may report as often as it likes. */
const progressStep = 0.01;

export class JobTable {
  readonly #store: KeyValueStore;
  readonly #random: Random;
  readonly #historyLimit: number;
  readonly #unfinished = new Map<string, JobRecord>();
  readonly #keptProgress = new Map<string, number>();
  /** Ids of finished jobs by queue, the one to forget first in front. */
  readonly #finished = new Map<string, { id: string; sequence: number }[]>();
  #sequence: number;

  constructor(store: KeyValueStore, random: Random, historyLimit: number) {
    this.#store = store;
    this.#random = random;
    this.#historyLimit = historyLimit;
    const sequence = store.get(sequenceKey);
    this.#sequence = sequence === undefined ? 0 : decodeJson<number>(sequence, sequenceKey);
    this.#load();
  }

  /** Unfinished jobs in the order they were added. */
  unfinished(): JobRecord[] {
    return [...this.#unfinished.values()].sort((left, right) => left.sequence - right.sequence);
  }

  find(id: string): JobRecord | undefined {
    const record = this.#unfinished.get(id);
    if (record !== undefined) return record;
    const bytes = this.#store.get(jobPrefix + id);
    return bytes === undefined ? undefined : decodeJson<JobRecord>(bytes, jobPrefix + id);
  }

  newId(): string {
    let id: string;
    do {
      const half = (): string => this.#random.integer(0x1_0000_0000).toString(16).padStart(8, '0');
      id = half() + half();
    } while (this.find(id) !== undefined);
    return id;
  }

  nextSequence(): number {
    return this.#sequence + 1;
  }

  add(record: JobRecord): void {
    this.#store.write([
      { key: jobPrefix + record.id, value: encodeJson(record) },
      { key: queueKey(record), value: encodeJson(record.id) },
      { key: sequenceKey, value: encodeJson(record.sequence) },
    ]);
    this.#sequence = record.sequence;
    this.#unfinished.set(record.id, record);
  }

  save(record: JobRecord): void {
    this.#store.write([{ key: jobPrefix + record.id, value: encodeJson(record) }]);
    this.#keptProgress.set(record.id, record.progress);
    if (!isFinal(record.state)) return;
    this.#unfinished.delete(record.id);
    this.#keptProgress.delete(record.id);
    this.#remember(record);
  }

  saveProgress(record: JobRecord, fraction: number): void {
    record.progress = Math.min(1, Math.max(0, fraction));
    const kept = this.#keptProgress.get(record.id) ?? 0;
    if (Math.abs(record.progress - kept) >= progressStep) this.save(record);
  }

  list(queue: string, limit: number): Job[] {
    const entries = this.#store.scan({ prefix: queueFolder(queue), reverse: true, limit });
    return entries
      .map(({ key, value }) => this.find(decodeJson<string>(value, key)))
      .filter((record) => record !== undefined)
      .map(jobOf);
  }

  #remember(record: JobRecord): void {
    const finished = this.#finished.get(record.queue) ?? [];
    this.#finished.set(record.queue, finished);
    finished.push({ id: record.id, sequence: record.sequence });
    while (finished.length > this.#historyLimit) {
      const oldest = finished.shift() as { id: string; sequence: number };
      this.#store.write([
        { key: jobPrefix + oldest.id, value: undefined },
        { key: queueKey({ queue: record.queue, sequence: oldest.sequence }), value: undefined },
      ]);
    }
  }

  #load(): void {
    const finished: JobRecord[] = [];
    for (const { key, value } of this.#store.scan({ prefix: jobPrefix })) {
      const record = decodeJson<JobRecord>(value, key);
      if (isFinal(record.state)) finished.push(record);
      else this.#unfinished.set(record.id, record);
    }
    finished.sort((left, right) => left.sequence - right.sequence);
    for (const record of finished) this.#remember(record);
  }
}

function queueFolder(queue: string): string {
  return `${queuePrefix}${encodeURIComponent(queue)}/`;
}

function queueKey(record: { readonly queue: string; readonly sequence: number }): string {
  return queueFolder(record.queue) + orderedNumber(record.sequence);
}
