// The conformance suites on the embedded adapters, standing on a store in memory, in virtual time.

import { NdtsError } from '@ndts/protocol';
import {
  EmbeddedBus,
  EmbeddedJobs,
  EmbeddedLog,
  EmbeddedRegistry,
  FolderObjects,
  MemoryKeyValueStore,
  SeededRandom,
  VirtualClock,
  createSilentLogger,
} from '@ndts/runtime';
import { elapse, settle } from '../kit/passing-time.js';
import { makeFolder } from '../kit/temporary-folder.js';
import { busSuite } from './bus-suite.js';
import { jobsSuite } from './jobs-suite.js';
import { keyValueStoreSuite } from './key-value-store-suite.js';
import { logSuite } from './log-suite.js';
import { objectsSuite } from './objects-suite.js';
import { registrySuite } from './registry-suite.js';

const logger = createSilentLogger();
const startMs = 1_700_000_000_000;

keyValueStoreSuite('in memory', async () => {
  let store = new MemoryKeyValueStore();
  return {
    store,
    reopen: async () => {
      store = store.afterKill();
      return store;
    },
    close: async () => undefined,
  };
});

registrySuite('embedded, in memory', async () => {
  let store = new MemoryKeyValueStore();
  const clock = new VirtualClock(startMs);
  const random = new SeededRandom(1);
  let registry = new EmbeddedRegistry({ store, clock, random, logger });
  return {
    registry,
    ttlMs: 2_000,
    elapse: (ms) => elapse(clock, ms),
    reopen: async () => {
      await registry.close();
      store = store.afterPowerLoss();
      registry = new EmbeddedRegistry({ store, clock, random, logger });
      return registry;
    },
    leasesSurviveReopen: false,
    close: () => registry.close(),
  };
});

busSuite('embedded', async () => {
  const clock = new VirtualClock(startMs);
  const bus = new EmbeddedBus({ clock, logger });
  return {
    bus,
    settle,
    elapse: (ms) => elapse(clock, ms),
    close: () => bus.close(),
  };
});

logSuite('embedded, in memory', async () => {
  let store = new MemoryKeyValueStore();
  const log = new EmbeddedLog({ store });
  return {
    log,
    reopen: async () => {
      store = store.afterPowerLoss();
      return new EmbeddedLog({ store });
    },
    close: () => log.close(),
  };
});

jobsSuite('embedded, in memory', async () => {
  const store = new MemoryKeyValueStore();
  const clock = new VirtualClock(startMs);
  let jobs = new EmbeddedJobs({ store, clock, random: new SeededRandom(1), logger });
  return {
    jobs,
    elapse: (ms) => elapse(clock, ms),
    crash: async () => {
      const found = store.afterKill();
      store.fail(new NdtsError('CLOSED', 'the process of this test is gone'));
      jobs = new EmbeddedJobs({ store: found, clock, random: new SeededRandom(2), logger });
      return jobs;
    },
    close: () => Promise.race([jobs.close(), settle()]),
  };
});

objectsSuite('a folder', async () => {
  const { dir, remove } = await makeFolder();
  return {
    objects: new FolderObjects({ dir }),
    reopen: async () => new FolderObjects({ dir }),
    close: remove,
  };
});
