// Every error of the API has one shape: { code, message, hint }. Codes come from the error table;
// what is not an error of ours is INTERNAL, and its text stays in the log.

import { type ErrorCode, errorTable, NdtsError } from '@ndts/protocol';

export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  COMPARE_FAILED: 409,
  CANCELLED: 409,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
  DISK_FULL: 507,
};

export function failure(code: ErrorCode, message: string, status?: number): Failure {
  return { status: status ?? statusOf[code] ?? 500, code, message, hint: errorTable[code].hint };
}

interface HttpError {
  readonly statusCode: number;
  readonly message: string;
  /** What the schema of the route refused. */
  readonly validation?: readonly {
    readonly params?: {
      readonly allowedValues?: readonly string[];
      readonly additionalProperty?: string;
    };
  }[];
}

function isHttpError(error: unknown): error is HttpError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
  );
}

export function failureOf(error: unknown): Failure {
  if (error instanceof NdtsError && statusOf[error.code] !== undefined)
    return failure(error.code, error.message);
  // The HTTP server's own refusals: bad JSON, schema, size, media type.
  if (isHttpError(error) && error.statusCode >= 400 && error.statusCode < 500)
    return failure('INVALID_ARGUMENT', messageOf(error), error.statusCode);
  return failure('INTERNAL', 'the request failed; the log of the control node says why');
}

/** With the words that would have been right, or the one that is too many. */
function messageOf({ message, validation }: HttpError): string {
  const { allowedValues, additionalProperty } = validation?.[0]?.params ?? {};
  if (allowedValues !== undefined) return `${message}: ${allowedValues.join(', ')}`;
  return additionalProperty === undefined ? message : `${message}: '${additionalProperty}'`;
}

export function failureBody(of: Failure): Pick<Failure, 'code' | 'message' | 'hint'> {
  return { code: of.code, message: of.message, hint: of.hint };
}
