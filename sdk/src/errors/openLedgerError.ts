/** An answer of a service that is no success. `message` is one sentence that says what to do, `code` is for programs. */
export class OpenLedgerError extends Error {
  override readonly name: string = 'OpenLedgerError';
  readonly code: string;
  readonly status: number;
  /** Whatever else the error carries, e.g. `required` and `available` of a 402. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(message: string, code: string, status: number, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.detail = detail;
  }
}

/** The service did not answer at all. */
export class UnreachableError extends OpenLedgerError {
  override readonly name = 'UnreachableError';

  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url}: see whether it runs (npm start) and whether the address is right.`, 'unreachable', 0, {
      cause: String(cause),
    });
  }
}
