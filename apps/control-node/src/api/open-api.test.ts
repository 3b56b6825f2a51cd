// The route table is the only list: what the server answers, the OpenAPI document and the page in
// docs hold the same routes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { AuditLog, Identity } from '@ndts/runtime';
import {
  createSilentLogger,
  EmbeddedBus,
  EmbeddedJobs,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import { LatestStatus } from './latest-status.js';
import { LiveHub } from './live.js';
import { openApiOf, routeTable } from './open-api.js';
import { type ApiServer, buildServer } from './server.js';
import { readWebAssets, webAssets } from './web-assets.js';

/** Never listens; only its table is looked at. */
async function server(): Promise<ApiServer> {
  const clock = new VirtualClock();
  const logger = createSilentLogger();
  const metrics = new Metrics();
  const bus = new EmbeddedBus({ clock, logger });
  const random = new SeededRandom(1);
  return buildServer({
    config: loadConfig({ args: {}, environment: {} }),
    bus,
    jobs: new EmbeddedJobs({ store: new MemoryKeyValueStore(), clock, random, logger }),
    identity: {} as Identity,
    audit: {} as AuditLog,
    metrics,
    clock,
    logger,
    version: '1.2.3',
    latest: new LatestStatus(bus, clock),
    live: new LiveHub({ bus, clock, logger, metrics, snapshot: () => ({}) }),
    nodes: () => [],
    assets: readWebAssets(webAssets()),
    address: () => ({ host: '127.0.0.1', port: 1 }),
  });
}

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
}

test('the server answers the table and the dashboard files, nothing else', async () => {
  const { app, routes, served } = await server();
  const assets = [...readWebAssets(webAssets()).keys()].filter((path) => path !== '/login');
  const expected = [
    ...routes.map(({ method, path }) => `${method} ${path}`),
    ...assets.map((path) => `GET ${path}`),
  ];
  assert.deepEqual([...served].sort(), expected.sort());
  await app.close();
});

test('the OpenAPI document holds every route with its role and schemas', async () => {
  const { app, routes } = await server();
  const document = openApiOf(routes, '1.2.3') as unknown as Document;
  assert.equal(document.info.version, '1.2.3');
  const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.equal(listed.length, routes.length);
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const operation = document.paths[path]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.path}`);
    assert.equal(operation['x-role'], route.role);
    assert.equal(operation['summary'], route.summary);
    assert.equal('requestBody' in operation, route.body !== undefined);
  }
  await app.close();
});

test('docs/protocol/rest.md holds the table', async () => {
  const { app, routes } = await server();
  const page = readFileSync(new URL('../../../../docs/protocol/rest.md', import.meta.url), 'utf8');
  const table = routeTable(routes);
  assert.ok(page.includes(table), `docs/protocol/rest.md must contain:\n${table}`);
  await app.close();
});
