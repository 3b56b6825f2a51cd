// What a route of the API is. One table of these makes the server's routes, their checks, the
// OpenAPI document and the tables in docs/protocol/rest.md: nothing is listed twice.

import type { Principal, Role } from '@ndts/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** JSON Schema, as plain data. */
export type Schema = Readonly<Record<string, unknown>>;

/** 'open' needs no token. */
export type RouteRole = 'open' | Exclude<Role, 'node'>;

export interface ApiCall {
  readonly query: Readonly<Record<string, string | number | undefined>>;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** `nobody` on open routes. */
  readonly principal: Principal;
  /** For sessions and pages only; answers are returned, not sent. */
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` marks a parameter. */
  readonly path: string;
  readonly role: RouteRole;
  readonly summary: string;
  readonly query?: Schema;
  readonly params?: Schema;
  readonly body?: Schema;
  /** Of a good answer; absent for what is not JSON. */
  readonly response?: Schema;
  /** Other than application/json; 'websocket' is taken over by the live push. */
  readonly produces?: 'text/plain' | 'text/html' | 'websocket';
  readonly handle: (call: ApiCall) => unknown;
}

export const nobody: Principal = { name: 'nobody', role: 'viewer' };

export function objectOf(
  properties: Readonly<Record<string, Schema>>,
  required?: string[],
): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: required ?? Object.keys(properties),
    properties,
  };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

/** A plain data object whose fields protocol's TypeScript interface of that name documents. */
export function viewOf(name: string): Schema {
  return { type: 'object', title: name, additionalProperties: true };
}

export function limitOf(standard: number, maximum: number): Schema {
  return { type: 'integer', minimum: 1, maximum, default: standard };
}

/** A number that the schema already checked. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(value);
}
