// Live rows that go on whatever becomes of who serves them: when the process that has the folder
// open ends, the next one is asked from the same position, which also finds out whether what was
// seen is still there (void rows).
//
// Always: within a shard every sequence once and in order, or told as void; after a failure of the
// service rows are never guessed, only asked for again.

import { type Clock, NdtsError } from '@ndts/protocol';
import type { Service, StreamOf, Streams } from '../service/service.js';
import type { ConsumerHold } from './consumer-hold.js';
import { type LiveItem, noRows, noVoids, type ReturningSource } from './live-item.js';
import { copyPositions, oldestPositions, type ShardPositions, type VoidRows } from './positions.js';
import { openRingRows, type RingPolling } from './ring-rows.js';

export type TailAsked = Omit<Streams['tail']['asked'], 'from' | 'until'>;

export interface LiveRowsOptions {
  /** The service as it can be reached now; opened again where it is gone. */
  readonly reach: () => Promise<Service>;
  readonly clock: Clock;
  readonly asked: TailAsked;
  /** Default: what comes from now on. */
  readonly from?: ShardPositions | 'oldest';
  /** Ticks from mapped rings where there are any. */
  readonly ring?: RingPolling;
  readonly hold?: ConsumerHold;
}

const retryMsMax = 100;

export class LiveRows implements ReturningSource {
  readonly #options: LiveRowsOptions;
  #stream: StreamOf<'tail'> | undefined;
  #opening: Promise<StreamOf<'tail'>> | undefined;
  #next: ShardPositions | undefined;
  #voids: readonly VoidRows[] = noVoids;
  /** Nobody could be asked. */
  #unreachable = false;
  /** Since the last row. */
  #failures = 0;
  #closed = false;

  constructor(options: LiveRowsOptions) {
    this.#options = options;
  }

  async from(): Promise<ShardPositions> {
    while (!this.#closed) {
      try {
        await this.#reached();
        break;
      } catch (error) {
        await this.#recover(error);
      }
    }
    return copyPositions(this.#next ?? oldestPositions(0));
  }

  async next(): Promise<LiveItem | undefined> {
    while (!this.#closed) {
      try {
        const stream = await this.#reached();
        const item = this.#voidItem() ?? (await takeRows(stream));
        this.#options.hold?.checkHeld();
        if (item !== undefined) {
          this.#next = item.next;
          this.#failures = 0;
          return item;
        }
        if (!this.#closed) await this.#leave();
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.#options.hold?.checkHeld();
    return undefined;
  }

  async goBack(position: ShardPositions): Promise<void> {
    await this.#leave();
    this.#next = copyPositions(position);
    this.#voids = noVoids;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stream?.close();
    await this.#options.hold?.close();
  }

  #voidItem(): LiveItem | undefined {
    const voids = this.#voids;
    if (voids.length === 0 || this.#next === undefined) return undefined;
    this.#voids = noVoids;
    return { rows: noRows, next: copyPositions(this.#next), voids };
  }

  /** Nobody serves within the time there is for it: whoever reads is told. */
  async #recover(error: unknown): Promise<void> {
    if (this.#unreachable || !isGone(error)) throw error;
    await this.#leave();
    await this.#rest();
  }

  async #leave(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#opening = undefined;
    await stream?.close().catch(() => undefined);
  }

  /** The first time not at all: most often another serves already. */
  async #rest(): Promise<void> {
    this.#failures += 1;
    if (this.#failures === 1) return;
    const delayMs = Math.min(retryMsMax, 2 ** this.#failures);
    await new Promise<void>((resolve) => {
      this.#options.clock.setTimer(delayMs, resolve);
    });
  }

  #reached(): Promise<StreamOf<'tail'>> {
    this.#opening ??= this.#open();
    const opening = this.#opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  async #open(): Promise<StreamOf<'tail'>> {
    const { reach, clock, asked, ring, hold, from } = this.#options;
    this.#unreachable = true;
    const service = await reach();
    this.#unreachable = false;
    const kept = await hold?.take(service);
    const start = from === 'oldest' ? oldestPositions(service.shardCount) : from;
    const begin = this.#next ?? kept ?? start;
    const request = begin === undefined ? asked : { ...asked, from: begin };
    const mapped = ring && (await openRingRows({ service, clock, asked: request, polling: ring }));
    const stream = mapped ?? (await service.open('tail', request));
    this.#stream = stream;
    if (this.#closed) await stream.close();
    this.#next = stream.head.from;
    // What was found before is told yet, whatever ended the stream that found it.
    this.#voids = [...this.#voids, ...stream.head.voids];
    // A start that was never kept would be another one after a restart.
    if (hold !== undefined && kept === undefined) await hold.acknowledge(stream.head.from);
    return stream;
  }
}

async function takeRows(stream: StreamOf<'tail'>): Promise<LiveItem | undefined> {
  const item = await stream.next();
  return item === undefined ? undefined : { ...item, voids: noVoids };
}

/** Who served ended; another may be asked. */
function isGone(error: unknown): boolean {
  return error instanceof NdtsError && error.code === 'UNAVAILABLE';
}
