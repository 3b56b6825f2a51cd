// An action of the API with its record in the audit log: who asked, for what, what came of it, also
// when it fails.

import { NdtsError } from '@ndts/protocol';
import type { AuditLog } from '@ndts/runtime';
import type { ApiCall } from './route.js';
import { actorOf } from './session-routes.js';

/** Records that it was asked, runs it, records what came of it. What cannot be recorded is not
 * done; `always` is for what makes things safer: it is done whatever the disk says. */
export async function audited<Result>(
  audit: AuditLog,
  call: ApiCall,
  action: string,
  detail: string,
  run: () => Result | Promise<Result>,
  always = false,
): Promise<Result> {
  const record = (outcome: string): NdtsError | undefined => {
    try {
      audit.record({ ...actorOf(call), action, detail, outcome });
      return undefined;
    } catch (error) {
      if (error instanceof NdtsError) return error;
      return new NdtsError('IO_ERROR', 'the audit log cannot be written', { cause: error });
    }
  };
  const unrecorded = record('asked');
  if (unrecorded !== undefined && !always) throw unrecorded;
  try {
    const result = await run();
    record('ok');
    return result;
  } catch (error) {
    record(error instanceof NdtsError ? `failed: ${error.code}` : 'failed');
    throw error;
  }
}
