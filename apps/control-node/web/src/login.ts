// The login page: a token becomes a session cookie.

import { post, Refusal } from './api.js';
import { leaveFor } from './leave.js';
import { byId } from './page.js';

const message = byId('message');
const field = byId<HTMLInputElement>('token');

if (new URLSearchParams(location.search).has('expired'))
  message.textContent = 'That link was used or has expired. Log in with a token.';

field.focus();
byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  void logIn();
});

async function logIn(): Promise<void> {
  message.textContent = '';
  try {
    await post('/api/login', { token: field.value.trim() });
    leaveFor('/');
  } catch (error) {
    message.textContent = error instanceof Refusal ? said(error) : 'The node cannot be reached.';
    field.select();
  }
}

function said(error: Refusal): string {
  return error.code === 'UNAUTHENTICATED' ? 'That token is not known.' : error.message;
}
