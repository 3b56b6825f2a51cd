// Snapshots of the engines: the list for who may look, making and removing for who may change.

import { type Bus, subjects } from '@ndts/protocol';
import type { AuditLog } from '@ndts/runtime';
import { audited } from './audited.js';
import { type ApiRoute, listOf, objectOf, viewOf } from './route.js';

export interface SnapshotRouteOptions {
  readonly bus: Bus;
  readonly audit: AuditLog;
}

const snapshotName = { type: 'string', pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$' };
/** It is made behind a flush of everything in memory. */
const createTimeoutMs = 10 * 60_000;

export function snapshotRoutes({ bus, audit }: SnapshotRouteOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/snapshots',
      role: 'viewer',
      summary: 'Complete snapshots on disk, with the engines that have one of the name.',
      response: listOf(viewOf('SnapshotView')),
      handle: () => bus.request(subjects.storageSnapshots, undefined),
    },
    {
      method: 'POST',
      path: '/api/snapshots',
      role: 'admin',
      summary: 'Makes a snapshot of all engines; answers once it is complete.',
      body: objectOf({ name: snapshotName }),
      response: viewOf('SnapshotView'),
      handle: (call) => {
        const name = String(call.body['name']);
        return audited(audit, call, 'snapshot-create', name, () =>
          bus.request(subjects.storageSnapshotCreate, { name }, createTimeoutMs),
        );
      },
    },
    {
      method: 'DELETE',
      path: '/api/snapshots/:name',
      role: 'admin',
      summary: 'Removes a snapshot from all engines that have it.',
      params: objectOf({ name: snapshotName }),
      response: objectOf({ removed: { type: 'string' } }),
      handle: (call) => {
        const name = call.params['name'] ?? '';
        return audited(audit, call, 'snapshot-remove', name, async () => {
          await bus.request(subjects.storageSnapshotRemove, { name });
          return { removed: name };
        });
      },
    },
  ];
}
