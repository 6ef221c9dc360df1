import { OpenLedgerError, UnreachableError } from '../errors/openLedgerError.ts';

export type Fetch = typeof globalThis.fetch;

/** One request to a service; anything but a success becomes an OpenLedgerError with the service's own sentence. */
export async function gatewayRequest(url: string, init: RequestInit = {}, send: Fetch = globalThis.fetch): Promise<Response> {
  let response: Response;
  try {
    response = await send(url, init);
  } catch (error) {
    throw new UnreachableError(url, error);
  }
  if (response.ok) return response;
  throw await errorOf(response, url);
}

async function errorOf(response: Response, url: string): Promise<OpenLedgerError> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error: Record<string, unknown> };
    const { message, code, ...detail } = error;
    return new OpenLedgerError(String(message), String(code), response.status, detail);
  } catch {
    return new OpenLedgerError(
      `${url} answered ${response.status} without saying why: ask its operator.`,
      'unknown',
      response.status,
      { body: text.slice(0, 500) },
    );
  }
}
