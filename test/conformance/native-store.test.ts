// The conformance suites on the engine itself: its key-value table, and the embedded adapters
// standing on it, closed and opened again.

import { openDatabase, type Database } from '@ndts/native/db';
import {
  EmbeddedJobs,
  EmbeddedLog,
  EmbeddedRegistry,
  SeededRandom,
  VirtualClock,
  createSilentLogger,
} from '@ndts/runtime';
import { elapse } from '../kit/passing-time.js';
import { makeFolder } from '../kit/temporary-folder.js';
import { jobsSuite } from './jobs-suite.js';
import { keyValueStoreSuite } from './key-value-store-suite.js';
import { logSuite } from './log-suite.js';
import { registrySuite } from './registry-suite.js';

const logger = createSilentLogger();
const startMs = 1_700_000_000_000;

/** One database over a folder of its own. */
class Engine {
  store: Database;
  readonly #dir: string;
  readonly #remove: () => Promise<void>;

  private constructor(dir: string, remove: () => Promise<void>) {
    this.#dir = dir;
    this.#remove = remove;
    this.store = this.#open();
  }

  static async make(): Promise<Engine> {
    const { dir, remove } = await makeFolder();
    return new Engine(dir, remove);
  }

  reopen(): Database {
    this.store.close();
    this.store = this.#open();
    return this.store;
  }

  async close(): Promise<void> {
    this.store.close();
    await this.#remove();
  }

  #open(): Database {
    return openDatabase({
      dir: `${this.#dir}/engine`,
      stagingDir: `${this.#dir}/staging`,
      stagingBytes: 4 * 1_048_576,
      walFileBytes: 4 * 1_048_576,
      walBudgetBytes: 16 * 1_048_576,
      memtableBytes: 4 * 1_048_576,
      commitIntervalMs: 1,
      sealIntervalMs: 0,
      shardCount: 1,
    });
  }
}

keyValueStoreSuite('the engine', async () => {
  const engine = await Engine.make();
  return {
    store: engine.store,
    reopen: async () => engine.reopen(),
    close: () => engine.close(),
  };
});

registrySuite('embedded, on the engine', async () => {
  const engine = await Engine.make();
  const clock = new VirtualClock(startMs);
  const random = new SeededRandom(1);
  let registry = new EmbeddedRegistry({ store: engine.store, clock, random, logger });
  return {
    registry,
    ttlMs: 2_000,
    elapse: (ms) => elapse(clock, ms),
    reopen: async () => {
      await registry.close();
      registry = new EmbeddedRegistry({ store: engine.reopen(), clock, random, logger });
      return registry;
    },
    leasesSurviveReopen: false,
    close: async () => {
      await registry.close();
      await engine.close();
    },
  };
});

logSuite('embedded, on the engine', async () => {
  const engine = await Engine.make();
  return {
    log: new EmbeddedLog({ store: engine.store }),
    reopen: async () => new EmbeddedLog({ store: engine.reopen() }),
    close: () => engine.close(),
  };
});

jobsSuite('embedded, on the engine', async () => {
  const engine = await Engine.make();
  const clock = new VirtualClock(startMs);
  const random = new SeededRandom(1);
  const jobs = new EmbeddedJobs({ store: engine.store, clock, random, logger });
  return {
    jobs,
    elapse: (ms) => elapse(clock, ms),
    // The old store is closed under its handlers: nothing they do later is kept.
    crash: async () => new EmbeddedJobs({ store: engine.reopen(), clock, random, logger }),
    close: () => engine.close(),
  };
});
