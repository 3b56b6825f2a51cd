// The trading state's buttons: each asks why before it acts, because the answer is kept.

import type { TradingStateName } from '@ndts/protocol';
import { post, Refusal } from './api.js';
import { byId, setText } from './page.js';

const titles: Partial<Record<TradingStateName, string>> = {
  HALTED: 'Halt all trading?',
  ACTIVE: 'Resume trading?',
};

const buttons = [
  ['halt', 'HALTED'],
  ['resume', 'ACTIVE'],
] as const;

/** Only what would change something can be pressed. */
export function showTradingState(state: TradingStateName | undefined, allowed: boolean): void {
  for (const [id, target] of buttons)
    byId<HTMLButtonElement>(id).disabled = !allowed || state === undefined || state === target;
}

export function setUpTrading(allowed: boolean): void {
  const dialog = byId<HTMLDialogElement>('confirm');
  const why = byId<HTMLInputElement>('confirm-why');
  let wanted: TradingStateName = 'HALTED';

  const ask = (state: TradingStateName): void => {
    wanted = state;
    setText('confirm-title', titles[state] ?? state);
    setText('confirm-error', '');
    why.value = '';
    dialog.showModal();
    why.focus();
  };
  for (const [id, state] of buttons) {
    const button = byId<HTMLButtonElement>(id);
    button.title = allowed ? '' : 'needs the role trader';
    button.addEventListener('click', () => ask(state));
  }
  byId('confirm-do').addEventListener('click', (event) => {
    if (why.value.trim() === '') return;
    event.preventDefault();
    post('/api/trading-state', { state: wanted, why: why.value.trim() }).then(
      () => dialog.close(),
      (error: unknown) =>
        setText(
          'confirm-error',
          error instanceof Refusal ? error.message : 'The node cannot be reached.',
        ),
    );
  });
}
