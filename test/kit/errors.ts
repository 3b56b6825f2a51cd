// What a test expects to be refused with.

import assert from 'node:assert/strict';
import { type ErrorCode, NdtsError } from '@ndts/protocol';

export function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof NdtsError, `expected an NdtsError, found ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

export async function rejectsWith(code: ErrorCode, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, hasCode(code));
}
