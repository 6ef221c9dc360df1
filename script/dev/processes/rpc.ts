/** One JSON-RPC call. Throws when there is no answer or the answer is an error. */
export async function rpc<Result>(url: string, method: string, params: unknown[] = []): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(5000),
  });
  const answer = (await response.json()) as { result?: Result; error?: { message: string } };
  if (answer.error || answer.result === undefined) throw new Error(answer.error?.message ?? `${method} gave no result`);
  return answer.result;
}

/** GraphQL query; throws on errors. */
export async function query<Data>(url: string, text: string): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
    signal: AbortSignal.timeout(5000),
  });
  const answer = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? 'the query gave no data');
  return answer.data;
}
