import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startToolServer, type ToolServer } from '../../test/support/toolServer.ts';
import { ServiceError } from '../errors.ts';
import { createCallTool } from './callTool.ts';
import { isPublic, publicAddresses } from './publicAddress.ts';

let server: ToolServer;
beforeAll(async () => {
  server = await startToolServer();
});
afterAll(() => server.stop());

const at = (path: string, isLocal = true) => ({
  server: `${server.url}${path}`,
  name: 'Tools',
  tools: [],
  ...(isLocal ? { localNetwork: true as const } : {}),
});
const never = new AbortController().signal;
const here = { isLocalNetworkAllowed: true, toolMs: 20_000 };
const codeOf = async (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof ServiceError ? error.code : String(error)),
  );

describe('a tool', () => {
  test.each(['/mcp', '/json'])('answers over %s, and hears no key and nothing of the caller', async (path) => {
    const call = createCallTool(here);
    expect(await call(at(path), 'count_words', { text: 'three small words' }, never)).toBe('3 words');
    const names = new Set(server.heard.flatMap((headers) => Object.keys(headers)));
    for (const kept of ['authorization', 'cookie', 'x-forwarded-for', 'idempotency-key']) expect(names).not.toContain(kept);
    expect(names).toContain('mcp-protocol-version');
  });

  test('that hangs is given up after its time', async () => {
    const asked = createCallTool({ ...here, toolMs: 300 })(at('/mcp'), 'hang', { text: '' }, never);
    expect(await codeOf(asked)).toBe('tool_timeout');
  });

  test('ends with the run that it belongs to', async () => {
    const run = new AbortController();
    const asked = createCallTool(here)(at('/mcp'), 'hang', { text: '' }, run.signal);
    run.abort(new ServiceError(504, 'agent_time_limit', 'Over.'));
    expect(await codeOf(asked)).toBe('agent_time_limit');
  });

  test.each(['/mcp', '/json'])('that answers 10 MB over %s is cut off', async (path) => {
    expect(await codeOf(createCallTool(here)(at(path), 'huge', { text: '' }, never))).toBe('tool_answer_too_large');
  });

  test('that says it failed, that is not there, or whose server is not there, failed', async () => {
    const call = createCallTool(here);
    expect(await codeOf(call(at('/mcp'), 'refuse', { text: '' }, never))).toBe('tool_failed');
    expect(await codeOf(call(at('/mcp'), 'unheard_of', { text: '' }, never))).toBe('tool_failed');
    expect(await codeOf(call({ ...at('/mcp'), server: 'http://127.0.0.1:1/mcp' }, 'x', {}, never))).toBe('tool_failed');
  });

  test('in the local network is refused unless manifest and operator allow it', async () => {
    const before = server.calls.length;
    const ask = (isLocal: boolean, isLocalNetworkAllowed: boolean) =>
      codeOf(createCallTool({ ...here, isLocalNetworkAllowed })(at('/mcp', isLocal), 'count_words', { text: '' }, never));
    expect(await ask(true, false)).toBe('tool_refused');
    expect(await ask(false, true)).toBe('tool_refused');
    expect(await ask(false, false)).toBe('tool_refused');
    const byName = { ...at('/mcp', false), server: server.url.replace('127.0.0.1', 'localhost') };
    expect(await codeOf(createCallTool(here)(byName, 'count_words', { text: '' }, never))).toBe('tool_refused');
    expect(server.calls.length).toBe(before);
  });

  test('that sends its caller elsewhere is not followed', async () => {
    expect(await codeOf(createCallTool(here)(at('/away'), 'count_words', { text: '' }, never))).toBe('tool_refused');
  });
});

describe('a public address', () => {
  test.each(['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('is %s', (address) => expect(isPublic(address)).toBe(true));
  test.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
    ...['255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', 'localhost'],
  ])('is not %s', (address) => expect(isPublic(address)).toBe(false));

  test('is each of a name, or the name is refused', async () => {
    const resolve = (addresses: string[]) => async () => addresses.map((address) => ({ address, family: 4 }));
    expect(await publicAddresses('tools.example', resolve(['8.8.8.8']))).toEqual([{ address: '8.8.8.8', family: 4 }]);
    await expect(publicAddresses('tools.example', resolve(['8.8.8.8', '10.0.0.1']))).rejects.toMatchObject({
      code: 'tool_refused',
    });
    await expect(publicAddresses('tools.example', resolve([]))).rejects.toMatchObject({ code: 'tool_refused' });
    await expect(publicAddresses('[::1]')).rejects.toMatchObject({ code: 'tool_refused' });
    await expect(publicAddresses('0x7f.1')).rejects.toThrow();
  });
});
