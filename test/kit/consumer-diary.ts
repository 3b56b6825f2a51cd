// What a consumer did in the course of its lives, each a process that is killed at some moment
// (consumer-process.ts). Always checked, as it is told: a life begins behind what was acknowledged,
// or that is told to be void; it leaves nothing out; what is handed out again is the same, unless
// the node lost its memory meanwhile.

import { equal, ok } from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ConsumerMessage, ConsumerWay } from './consumer-process.js';

interface Cleanup {
  after(action: () => void): void;
}

const script = fileURLToPath(new URL('consumer-process.js', import.meta.url));

export class ConsumerDiary {
  /** By shard, prices by sequence. */
  readonly handled: number[][];
  readonly acked: number[];
  lives = 0;
  /** How often rows were told to be lost that had been handed out. */
  undone = 0;
  readonly #test: Cleanup;
  readonly #way: ConsumerWay;
  /** By shard, of this life: the sequence that is due. */
  #due: number[] = [];
  /** By shard: handed out before this life and not acknowledged. */
  #before: { readonly first: number; readonly prices: readonly number[] }[] = [];
  /** Shards whose rows were acknowledged, and this life begins before them. */
  readonly #owed = new Set<number>();
  /** Whether the node lost memory since somebody looked. */
  #memoryLost = false;
  #child: ChildProcess | undefined;
  #killed = false;
  #problem: Error | undefined;

  constructor(test: Cleanup, way: ConsumerWay, shards: number) {
    this.#test = test;
    this.#way = way;
    this.handled = Array.from({ length: shards }, () => []);
    this.acked = new Array<number>(shards).fill(0);
  }

  get count(): number {
    return this.handled.reduce((sum, one) => sum + one.length, 0);
  }

  start(): void {
    const child = fork(script, [JSON.stringify(this.#way)]);
    this.#test.after(() => void child.kill('SIGKILL'));
    this.#child = child;
    this.#killed = false;
    this.lives += 1;
    child.on('message', (message: ConsumerMessage) => this.#take(message));
    child.on('exit', (code) => {
      if (!this.#killed && this.#child === child)
        this.#problem ??= new Error(`a consumer ended by itself with ${code}`);
    });
  }

  /** kill -9; what it had sent before is noted first. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#killed = true;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    this.check();
  }

  /** Throws what was found wrong. */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** What was not acknowledged may come differently from now on. */
  memoryLost(): void {
    this.#memoryLost = true;
  }

  #take(message: ConsumerMessage): void {
    try {
      for (const [shard, sequence] of message.begins ?? []) this.#begin(shard, sequence);
      for (const [shard, sequence] of message.lost ?? []) this.#undo(shard, sequence);
      for (const [shard, sequence, price] of message.rows ?? []) this.#note(shard, sequence, price);
      for (const [shard, sequence] of message.acked ?? []) this.acked[shard] = sequence;
    } catch (error) {
      this.#problem ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  #begin(shard: number, sequence: number): void {
    const mine = this.handled[shard] ?? [];
    ok(sequence <= mine.length, `${this.#way.through}: shard ${shard} begins at ${sequence}`);
    if (sequence < (this.acked[shard] ?? 0)) this.#owed.add(shard);
    this.#before[shard] = { first: sequence, prices: mine.splice(sequence) };
    this.#due[shard] = sequence;
  }

  #note(shard: number, sequence: number, price: number): void {
    ok(!this.#owed.has(shard), `${this.#way.through}: shard ${shard}: acknowledged rows again`);
    equal(sequence, this.#due[shard], `${this.#way.through}: shard ${shard}`);
    this.#due[shard] = sequence + 1;
    this.handled[shard]?.push(price);
    const before = this.#before[shard];
    const again = before?.prices[sequence - before.first];
    if (again === undefined || this.#memoryLost) return;
    equal(price, again, `${this.#way.through}: shard ${shard}: another row at ${sequence}`);
  }

  /** Those from here on are lost. */
  #undo(shard: number, sequence: number): void {
    const mine = this.handled[shard] ?? [];
    this.undone += 1;
    this.#owed.delete(shard);
    mine.length = Math.min(mine.length, sequence);
    this.acked[shard] = Math.min(this.acked[shard] ?? 0, sequence);
    this.#due[shard] = sequence;
  }
}
