// Rings of a node in a process of its own, on this host or another, pulled into mirrors here.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRingPuller, type PullGrant, type RingPuller } from '@ndts/native/fabric';
import type { TickRingReader } from '@ndts/native/ring';
import { ringShape } from './numbered-rings.js';

/** The program to run on the node's host: its arguments are a provider and an address. */
export const ringNodeScript = fileURLToPath(new URL('ring-node.js', import.meta.url));

/** What nobody wakes: a wait of a millisecond. */
const still = new Int32Array(new SharedArrayBuffer(4));

/** Until the mirror of the shard is that long. One that nobody pulls any more would never be. */
export function awaitTail(
  mirrors: TickRingReader,
  puller: RingPuller,
  shard: number,
  tail: number,
): void {
  while (mirrors.marks(shard).tail < tail) {
    const { rings, connection } = puller.stats();
    const { end = '' } = rings[shard] ?? {};
    if (end !== 'OK') throw new Error(`shard ${shard} is not pulled now: ${end}, ${connection}`);
    Atomics.wait(still, 0, 0, 1);
  }
}

/** A process of ringNodeScript. */
export class RingNode {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(process: ChildProcess): Promise<RingNode> {
    const ended = once(process, 'exit').then(([code]) => {
      throw new Error(`the node of the rings ended with ${code}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(process, 'message'), ended]);
    return new RingNode(process);
  }

  /** New rings, in place of those before. */
  async open(slotCount: number = ringShape.slotCount): Promise<PulledHost> {
    const { grants } = await this.ask<{ grants: readonly PullGrant[] }>({ open: slotCount });
    const dir = mkdtempSync(join(tmpdir(), 'ndts-pulled-'));
    const puller = openRingPuller({ grants, dir: join(dir, 'mirrors'), from: 'oldest' });
    return new PulledHost(this, dir, puller, await puller.mirrors(120_000));
  }

  /** Handed to the kernel when this returns. */
  tell(command: object): void {
    this.#process.send(command);
  }

  async ask<Answer>(command: object): Promise<Answer> {
    const answered = once(this.#process, 'message');
    this.tell(command);
    const [answer] = (await answered) as [Answer];
    return answer;
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

export class PulledHost {
  readonly puller: RingPuller;
  readonly paths: readonly string[];
  readonly #node: RingNode;
  readonly #dir: string;

  constructor(node: RingNode, dir: string, puller: RingPuller, paths: readonly string[]) {
    this.#node = node;
    this.#dir = dir;
    this.puller = puller;
    this.paths = paths;
  }

  publish(shard: number, count: number): void {
    this.#node.tell({ shard, count });
  }

  flow(each: number): void {
    this.#node.tell({ flow: each });
  }

  /** @returns ticks of each shard that flowed */
  async stopFlow(): Promise<number> {
    return (await this.#node.ask<{ published: number }>({ flow: 0 })).published;
  }

  close(): void {
    this.puller.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
