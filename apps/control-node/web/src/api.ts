// Requests to the node that served this page. Without a session the login page takes over.

import { leaveFor } from './leave.js';

/** What the server says when it refuses. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function get<Answer>(path: string): Promise<Answer> {
  return read<Answer>(await fetch(path, { headers: { accept: 'application/json' } }));
}

export async function post<Answer>(path: string, body?: object): Promise<Answer> {
  return read<Answer>(
    await fetch(path, {
      method: 'POST',
      headers: {
        'x-ndts-request': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

async function read<Answer>(response: Response): Promise<Answer> {
  if (response.ok) return (await response.json()) as Answer;
  if (response.status === 401) leaveFor('/login');
  const { code, message } = (await response.json()) as { code: string; message: string };
  throw new Refusal(code, message);
}
