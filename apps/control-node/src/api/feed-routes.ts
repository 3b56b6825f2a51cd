// Feeds of the data node: the list for who may look, adding, removing and recording for who may
// change.

import { type Bus, subjects } from '@ndts/protocol';
import type { AuditLog } from '@ndts/runtime';
import { audited } from './audited.js';
import { type ApiRoute, listOf, objectOf, viewOf } from './route.js';

export interface FeedRouteOptions {
  readonly bus: Bus;
  readonly audit: AuditLog;
}

const feedName = { type: 'string', pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$' };
const text = { type: 'string', minLength: 1, maxLength: 4096 };
const texts = { type: 'array', items: text, minItems: 1, maxItems: 10_000 };
const fix = objectOf(
  {
    host: text,
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    senderCompId: text,
    targetCompId: text,
    senderSubId: text,
    targetSubId: text,
    username: text,
    passwordFile: text,
    passwordEnv: { type: 'string', pattern: '^NDTS_SECRET_[A-Z0-9_]{1,100}$' },
    heartbeatSeconds: { type: 'integer', minimum: 1, maximum: 3600 },
    depth: { type: 'integer', minimum: 0, maximum: 10_000 },
    tls: { type: 'boolean' },
    tlsCa: text,
    allowPlain: { type: 'boolean' },
  },
  ['host', 'port', 'senderCompId', 'targetCompId'],
);
const definition = objectOf(
  {
    name: feedName,
    kind: { type: 'string', enum: ['files', 'recording', 'ccxt', 'fix'] },
    paths: texts,
    format: text,
    speed: { type: 'number', minimum: 0, maximum: 1e6 },
    symbol: text,
    utcOffset: text,
    barSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 31_622_400 },
    venue: text,
    symbols: texts,
    record: { type: 'boolean' },
    fix,
    recorded: feedName,
    days: texts,
  },
  ['name', 'kind'],
);
/** A venue is asked for all its markets first. */
const addTimeoutMs = 60_000;

export function feedRoutes(options: FeedRouteOptions): ApiRoute[] {
  const { bus } = options;
  return [
    ...routesOfFeeds(options),
    {
      method: 'GET',
      path: '/api/refused-names',
      role: 'viewer',
      summary: 'Names of feeds that may be no symbols, by reason, with the first ones of each.',
      response: listOf(viewOf('RefusedNamesView')),
      handle: () => bus.request(subjects.dataRefusedNames, undefined),
    },
  ];
}

function routesOfFeeds({ bus, audit }: FeedRouteOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/feeds',
      role: 'viewer',
      summary: 'The feeds of the data node: state and counts of each.',
      response: listOf(viewOf('FeedView')),
      handle: () => bus.request(subjects.dataFeeds, undefined),
    },
    {
      method: 'POST',
      path: '/api/feeds',
      role: 'admin',
      summary: 'Adds a feed (FeedDefinition); answers once it was tried.',
      body: definition,
      response: viewOf('FeedView'),
      handle: (call) =>
        audited(audit, call, 'feed-add', String(call.body['name']), () =>
          bus.request(subjects.dataFeedAdd, call.body, addTimeoutMs),
        ),
    },
    {
      method: 'DELETE',
      path: '/api/feeds/:name',
      role: 'admin',
      summary: 'Disconnects a feed and forgets it; its recordings stay.',
      params: objectOf({ name: feedName }),
      response: objectOf({ removed: { type: 'string' } }),
      handle: (call) => {
        const name = call.params['name'] ?? '';
        return audited(audit, call, 'feed-remove', name, async () => {
          await bus.request(subjects.dataFeedRemove, { name });
          return { removed: name };
        });
      },
    },
    {
      method: 'POST',
      path: '/api/feeds/:name/record',
      role: 'admin',
      summary: 'Begins or ends the recording of a feed; it is connected anew.',
      params: objectOf({ name: feedName }),
      body: objectOf({ on: { type: 'boolean' } }),
      response: viewOf('FeedView'),
      handle: (call) => {
        const name = call.params['name'] ?? '';
        return audited(audit, call, 'feed-record', name, () =>
          bus.request(subjects.dataFeedRecord, { name, on: call.body['on'] }, addTimeoutMs),
        );
      },
    },
    {
      method: 'GET',
      path: '/api/feeds/:name/rejects',
      role: 'viewer',
      summary: 'What a feed could not understand or use, newest first; the last 256.',
      params: objectOf({ name: feedName }),
      response: listOf(viewOf('FeedRejectView')),
      handle: (call) => bus.request(subjects.dataFeedRejects, { name: call.params['name'] }),
    },
  ];
}
