// The OpenAPI document and the table of docs/protocol/rest.md, both made from the route table.

import { type ApiRoute, objectOf, type Schema } from './route.js';

const errorSchema = objectOf({
  code: { type: 'string' },
  message: { type: 'string' },
  hint: { type: 'string' },
});

/** `:name` of the server is `{name}` there. */
function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

function parameters(schema: Schema | undefined, place: 'query' | 'path'): Schema[] {
  const { properties, required } = (schema ?? {}) as ObjectSchema;
  return Object.entries(properties ?? {}).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path' || (required ?? []).includes(name),
    schema: value,
  }));
}

function operation(route: ApiRoute): Schema {
  const type = route.produces ?? 'application/json';
  const upgraded = type === 'websocket';
  const answer = {
    description: upgraded ? 'the connection becomes a WebSocket' : route.summary,
    ...(upgraded ? {} : { content: { [type]: { schema: route.response ?? { type: 'string' } } } }),
  };
  return {
    summary: route.summary,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: route.body } } },
        }),
    security: route.role === 'open' ? [] : [{ token: [] }, { session: [] }],
    'x-role': route.role,
    responses: {
      [upgraded ? '101' : '200']: answer,
      default: {
        description: 'an error',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

export function openApiOf(routes: readonly ApiRoute[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'NDTS control node', version },
    paths,
    components: {
      schemas: { Error: errorSchema },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'ndts_session_PORT' },
      },
    },
  };
}

/** Rows of a Markdown table; docs/protocol/rest.md holds exactly these. */
export function routeTable(routes: readonly ApiRoute[]): string {
  const rows = routes.map((route) => {
    const names = [route.query, route.body].flatMap((schema) => {
      const { properties, required } = (schema ?? {}) as ObjectSchema;
      return Object.keys(properties ?? {}).map((name) =>
        (required ?? []).includes(name) ? `\`${name}\`` : `\`${name}\`?`,
      );
    });
    const call = `\`${route.method} ${route.path}\``;
    return `| ${call} | ${route.role} | ${names.join(', ')} | ${route.summary} |`;
  });
  return ['| route | role | takes | what |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
