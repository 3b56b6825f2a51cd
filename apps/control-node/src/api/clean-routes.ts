// Cleaning rules: those in force and whether others are right for who may look, reading the file
// again and dry runs for who may change.

import { type Bus, NdtsError, subjects } from '@ndts/protocol';
import type { AuditLog } from '@ndts/runtime';
import { audited } from './audited.js';
import { type ApiRoute, numberOf, objectOf, type Schema, viewOf } from './route.js';
import { actorOf } from './session-routes.js';

export interface CleanRouteOptions {
  readonly bus: Bus;
  readonly audit: AuditLog;
}

const name = { type: 'string', minLength: 1, maxLength: 256 };
const time = { type: 'string', minLength: 10, maxLength: 40 };
const rules: Readonly<Record<string, Schema>> = {
  text: { type: 'string', maxLength: 16_384 },
  format: { type: 'string', enum: ['yaml', 'toml'], default: 'yaml' },
};
/** Of a day of many symbols. */
const tryTimeoutMs = 10 * 60_000;

export function cleanRoutes({ bus, audit }: CleanRouteOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/clean/rules',
      role: 'viewer',
      summary: 'The cleaning rules in force; those of a symbol, where one is named.',
      query: objectOf({ symbol: name }, []),
      response: viewOf('CleanRulesView'),
      handle: ({ query }) => bus.request(subjects.cleanRules, { symbol: query['symbol'] }),
    },
    {
      method: 'POST',
      path: '/api/clean/check',
      role: 'viewer',
      summary: 'Whether these cleaning rules are right; changes nothing.',
      body: objectOf(rules, ['text']),
      response: viewOf('CleanRulesView'),
      handle: ({ body }) => bus.request(subjects.cleanCheck, body),
    },
    {
      method: 'POST',
      path: '/api/clean/reload',
      role: 'admin',
      summary: 'Reads the file of cleaning rules again; a wrong one leaves those in force.',
      response: viewOf('CleanRulesView'),
      handle: (call) =>
        audited(audit, call, 'clean-reload', 'clean.rules', () =>
          bus.request(subjects.cleanReload, actorOf(call)),
        ),
    },
    {
      method: 'POST',
      path: '/api/clean/try',
      role: 'admin',
      summary:
        'What these cleaning rules would have judged otherwise in that time; changes nothing.',
      body: objectOf(
        {
          ...rules,
          from: time,
          to: time,
          symbols: { type: 'array', items: name, maxItems: 10_000 },
          samples: { type: 'integer', minimum: 0, maximum: 100, default: 3 },
        },
        ['text', 'from', 'to'],
      ),
      response: viewOf('CleanTryView'),
      handle: ({ body }) => {
        const { text, format, symbols, samples } = body;
        const request = {
          text,
          format,
          symbols,
          samples: numberOf(samples),
          fromMs: timeMs(body['from']),
          toMs: timeMs(body['to']),
        };
        return bus.request(subjects.cleanTry, request, tryTimeoutMs);
      },
    },
  ];
}

/** Without a zone it is UTC. */
function timeMs(value: unknown): number {
  const text = String(value);
  const ms = Date.parse(/^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text) ? `${text}Z` : text);
  if (Number.isFinite(ms)) return ms;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `expected a time as 2026-01-02T09:30:00Z, found '${text}'`,
  );
}
