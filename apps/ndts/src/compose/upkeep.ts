// Upkeep of the engines, which belong to no role alone: snapshots and retention, on the bus.

import { type RestoreDayRequest, type SnapshotRequest, subjects } from '@ndts/protocol';
import { openRetention, RetentionKeeper, Snapshots } from '@ndts/storage';
import type { Foundation } from './foundation.js';

export function serveUpkeep(foundation: Foundation): void {
  serveSnapshots(foundation);
  serveRetention(foundation);
}

function serveSnapshots({ bus, ticks, journal }: Foundation): void {
  const snapshots = new Snapshots({ ticks, journal });
  bus.respond(subjects.storageSnapshots, () => snapshots.list());
  bus.respond(subjects.storageSnapshotCreate, (request) =>
    snapshots.create((request as SnapshotRequest).name),
  );
  bus.respond(subjects.storageSnapshotRemove, async (request) => {
    await snapshots.remove((request as SnapshotRequest).name);
    return true;
  });
}

function serveRetention(foundation: Foundation): void {
  const { archived, bus, clock, closing, folder, logger, ticks, values } = foundation;
  const retention = openRetention(ticks, folder, values, clock, archived);
  const intervalMs = values.storage.retentionIntervalMs;
  const keeper = new RetentionKeeper({ retention, clock, logger, intervalMs });
  closing.defer('retention', () => keeper.stop());
  bus.respond(subjects.storageRetention, () => keeper.view());
  bus.respond(subjects.storageRetentionRun, () => keeper.run());
  bus.respond(subjects.storageRetentionRestore, (request) =>
    keeper.restore(request as RestoreDayRequest),
  );
  keeper.start();
}
