// One replay over segments of a node of another host: its blocks are fetched one-sided a little
// ahead of the threads that decode them; what can't be read so comes over the connection.
//
// Always: a block is used only if it matches the footer, and came before the lease of its space
// ended, else it is asked for again: twice one-sided, then over the connection, then the replay
// fails. A connection that ends, ends the replay; nobody waits for ever.

import type { BlockPairs, BlockPuller, PulledBlocks } from '@ndts/native/blocks';
import type { ReplayReader, ReplayRequest } from '@ndts/native/replay';
import { type Clock, NdtsError } from '@ndts/protocol';
import type { HeldBlocks, PlacedBlocks, Service } from '../../service/service.js';
import type { BlockWays } from './block-reader.js';

const batchesAtOnce = 2;
const tries = 2;
const endsAtOnce = 16;

/** The largest that is read one-sided (BlockPuller::kPullBytesMax). */
const pullBytesMax = 8 << 20;
/** How long a node without room is not asked for any. */
const fullMs = 1_000;

export interface BlockReplayOptions {
  readonly service: Pick<Service, 'call' | 'shardCount'>;
  readonly held: HeldBlocks;
  readonly blocks: PulledBlocks;
  /** Whether it is worth asking for room: the port may be out of reach. */
  readonly mayPull: () => boolean;
  /** Reads the memory of a grant; undefined: it can't be reached. */
  readonly pullerOf: (placed: PlacedBlocks) => BlockPuller | undefined;
  /** What a try to read so came to. */
  readonly onPulled: (code: string) => void;
  readonly ways: BlockWays;
  readonly clock: Clock;
  readonly readTimeoutMs: number;
}

export class BlockReplay {
  readonly #options: BlockReplayOptions;
  readonly #running = new Set<Promise<void>>();
  #released: number[] = [];
  #fullUntilNs = 0;
  #waiting: Promise<void> | undefined;
  #closed = false;

  private constructor(options: BlockReplayOptions) {
    this.#options = options;
  }

  /** Throws what opening the files throws; the hold is let go of then. */
  static async open(options: BlockReplayOptions): Promise<BlockReplay> {
    const replay = new BlockReplay(options);
    try {
      await replay.#openFiles();
      return replay;
    } catch (error) {
      replay.close();
      throw error;
    }
  }

  /** Once. */
  begin(request: ReplayRequest): ReplayReader {
    const { blocks, held, service } = this.#options;
    const reader = blocks.replay(request, held.symbols, service.shardCount);
    void this.#drive();
    return reader;
  }

  /** After its reader. Twice is allowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { blocks, service, held } = this.#options;
    blocks.close();
    // A connection that ended has no holds.
    service.call('releaseBlocks', { hold: held.hold }).catch(() => undefined);
  }

  async #openFiles(): Promise<void> {
    const { blocks, service, held } = this.#options;
    const files = Array.from({ length: blocks.fileCount }, (_, file) => file).filter(
      (file) => !blocks.openCached(file),
    );
    for (let first = 0; first < files.length; first += endsAtOnce)
      await Promise.all(
        files.slice(first, first + endsAtOnce).map(async (file) => {
          blocks.openFile(file, await service.call('blockEnds', { hold: held.hold, file }));
        }),
      );
  }

  async #drive(): Promise<void> {
    const { blocks, held } = this.#options;
    while (!this.#closed) {
      const wanted = this.#running.size < batchesAtOnce ? blocks.take(held.batchBytes) : undefined;
      if (wanted !== undefined && wanted.length > 0) {
        const fetching: Promise<void> = this.#fetch(wanted)
          .catch((error: unknown) => {
            if (!this.#closed) blocks.fail(error);
          })
          .finally(() => this.#running.delete(fetching));
        this.#running.add(fetching);
        continue;
      }
      const waits: Promise<void>[] = [...this.#running];
      if (wanted !== undefined) waits.push(this.#wanted());
      await Promise.race(waits);
    }
  }

  #wanted(): Promise<void> {
    this.#waiting ??= this.#options.blocks.wait().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  async #fetch(wanted: BlockPairs): Promise<void> {
    const { blocks, service, held, ways } = this.#options;
    let left = wanted;
    for (let at = 0; at < tries && left.length > 0 && !this.#closed; at += 1) {
      const missing = await this.#pull(left);
      if (missing === undefined) break;
      ways.pulled.inc((left.length - missing.length) / 2);
      ways.stale.inc(missing.length / 2);
      left = missing;
    }
    if (left.length === 0 || this.#closed) return;
    const bytes = await service.call('readBlocks', { hold: held.hold, blocks: left });
    if (this.#closed) return;
    blocks.deliver(left, bytes);
    ways.connection.inc(left.length / 2);
  }

  /** What did not come; undefined: nothing can be read so now. */
  async #pull(wanted: BlockPairs): Promise<BlockPairs | undefined> {
    const { blocks, held, clock, mayPull, pullerOf, onPulled, readTimeoutMs } = this.#options;
    if (!mayPull()) return undefined;
    const askedNs = clock.monotonicNs();
    if (askedNs < this.#fullUntilNs || blocks.bytesOf(wanted) > pullBytesMax) return undefined;
    const placed = await this.#place(held.hold, wanted);
    if (placed === undefined) return undefined;
    const puller = this.#closed ? undefined : pullerOf(placed);
    if (puller === undefined) {
      this.#released.push(placed.id);
      return undefined;
    }
    // By this host's clock, from before it was given: never longer than it is.
    const passedMs = Math.ceil((clock.monotonicNs() - askedNs) / 1e6);
    const leaseMs = Math.max(0, placed.leaseMs - passedMs);
    const limits = { timeoutMs: readTimeoutMs, leaseMs };
    const { missing, code } = await blocks.pull(puller, placed.offset, wanted, limits);
    this.#released.push(placed.id);
    onPulled(code);
    return missing;
  }

  async #place(hold: number, blocks: BlockPairs): Promise<PlacedBlocks | undefined> {
    const { service, clock } = this.#options;
    const release = this.#released;
    this.#released = [];
    try {
      return await service.call('placeBlocks', { hold, blocks, release });
    } catch (error) {
      if (!(error instanceof NdtsError) || !noRoom.has(error.code)) throw error;
      this.#fullUntilNs = clock.monotonicNs() + fullMs * 1e6;
      return undefined;
    }
  }
}

/** No room in the memory, or none at all that could be read. */
const noRoom: ReadonlySet<string> = new Set(['RATE_LIMITED', 'INVALID_ARGUMENT', 'IO_ERROR']);
