/** Kinds of error in OpenAI's shape. */
export type ErrorType = 'invalid_request_error' | 'authentication_error' | 'payment_error' | 'rate_limit_error' | 'service_error';

/** A refusal with an HTTP status, a stable code, one sentence that says what to do, and details for programs. */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, detail: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

export function errorType(status: number): ErrorType {
  if (status === 401) return 'authentication_error';
  if (status === 402) return 'payment_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'service_error';
}

/** The body of an error as it travels (docs/interfaces.md). `param` is what OpenAI's clients call a field. */
export function errorBody({ status, code, message, detail }: ServiceError): { error: Record<string, unknown> } {
  const param = detail.field === undefined ? {} : { param: detail.field };
  return { error: { message, type: errorType(status), code, ...detail, ...param } };
}

/** The stable code of what was thrown, for programs. */
export const codeOf = (error: Error): string => (error instanceof ServiceError ? error.code : 'refused_transaction');

/** First line of whatever was thrown, for logs and hints. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}
