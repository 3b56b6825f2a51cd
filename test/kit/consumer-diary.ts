// What a consumer did in the course of its lives, each a process that is killed at some moment
// (consumer-process.ts). Always checked, as it is told: a life begins behind what was acknowledged,
// and leaves nothing out; what is handed out again is the same; what is void is undone.

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
  /** Since it began, behind what was acknowledged: the sequence that is due, once there was one. */
  #due: (number | undefined)[] = [];
  #child: ChildProcess | undefined;
  #killed = false;
  #problem: unknown;

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
    this.#due = [];
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

  #take(message: ConsumerMessage): void {
    try {
      if (message.begins) this.#due = [];
      for (const [shard, sequence] of message.lost ?? []) this.#undo(shard, sequence);
      for (const [shard, sequence, price] of message.rows ?? []) this.#note(shard, sequence, price);
      for (const [shard, sequence] of message.acked ?? []) this.acked[shard] = sequence;
    } catch (error) {
      this.#problem ??= error;
    }
  }

  #note(shard: number, sequence: number, price: number): void {
    const mine = this.handled[shard] ?? [];
    const due = this.#due[shard];
    if (due === undefined) ok(sequence >= (this.acked[shard] ?? 0) && sequence <= mine.length);
    else equal(sequence, due, `${this.#way.through}: shard ${shard}`);
    this.#due[shard] = sequence + 1;
    if (sequence < mine.length) equal(price, mine[sequence]);
    else mine.push(price);
  }

  /** Those from here on are lost. */
  #undo(shard: number, sequence: number): void {
    const mine = this.handled[shard] ?? [];
    if (mine.length > sequence) this.undone += 1;
    mine.length = Math.min(mine.length, sequence);
    this.acked[shard] = Math.min(this.acked[shard] ?? 0, sequence);
    this.#due[shard] = sequence;
  }
}
