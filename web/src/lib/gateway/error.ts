import { z } from 'zod';

const detail = z.looseObject({ message: z.string(), type: z.string().optional(), code: z.string().nullish() });
const shape = z.object({ error: detail });

/** What a process of OpenLedger refused, with its code and whatever it says beside. */
export class GatewayError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: Record<string, unknown>;

  constructor(status: number, code: string, message: string, detail: Record<string, unknown>) {
    super(message);
    this.name = 'GatewayError';
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** Reads the error of a failed answer; an answer that is not in the agreed shape becomes `http_<status>`. */
export async function readError(response: Response): Promise<GatewayError> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = shape.safeParse(body);
  if (!parsed.success) return new GatewayError(response.status, `http_${response.status}`, `${response.url} answered ${response.status}.`, {});
  const { message, code, type, ...rest } = parsed.data.error;
  return new GatewayError(response.status, code ?? type ?? `http_${response.status}`, message, rest);
}
