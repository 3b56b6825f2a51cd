// Configuration of a small database: segments come soon, little memory is taken.

export const smallSettings = {
  'storage.stagingBytes': 8 << 20,
  'storage.walFileBytes': 4 << 20,
  'storage.walBudgetBytes': 32 << 20,
  'storage.memtableBytes': 2 << 20,
  'cluster.shards': 8,
  'storage.snapshotIntervalMs': 0,
} as const;
