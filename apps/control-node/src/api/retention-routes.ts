// Retention: what is old and what is archived for who may look, letting days go and taking them
// back for who may change.

import { type Bus, subjects } from '@ndts/protocol';
import type { AuditLog } from '@ndts/runtime';
import { audited } from './audited.js';
import { type ApiRoute, listOf, objectOf, viewOf } from './route.js';

export interface RetentionRouteOptions {
  readonly bus: Bus;
  readonly audit: AuditLog;
}

const restoreBody = objectOf(
  {
    table: { type: 'string', minLength: 1 },
    day: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' },
    holdDays: { type: 'number', minimum: 0, maximum: 36500, default: 7 },
  },
  ['table', 'day'],
);
/** Days are copied whole. */
const workTimeoutMs = 60 * 60_000;

export function retentionRoutes({ bus, audit }: RetentionRouteOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/retention',
      role: 'viewer',
      summary: 'Days that the next run lets go, and those in the archive.',
      response: viewOf('RetentionView'),
      handle: () => bus.request(subjects.storageRetention, undefined),
    },
    {
      method: 'POST',
      path: '/api/retention/run',
      role: 'admin',
      summary: 'Lets old days go now, into the archive where that is said; answers with them.',
      response: listOf(viewOf('OldDayView')),
      handle: (call) =>
        audited(audit, call, 'retention-run', 'storage', () =>
          bus.request(subjects.storageRetentionRun, undefined, workTimeoutMs),
        ),
    },
    {
      method: 'POST',
      path: '/api/retention/restore',
      role: 'admin',
      summary: 'Takes a day back out of the archive, for so many days.',
      body: restoreBody,
      response: viewOf('DayView'),
      handle: (call) => {
        const { table, day, holdDays } = call.body;
        const request = { table, day, holdDays };
        return audited(audit, call, 'retention-restore', `${String(table)} ${String(day)}`, () =>
          bus.request(subjects.storageRetentionRestore, request, workTimeoutMs),
        );
      },
    },
  ];
}
