import { connect } from 'node:net';

/** An answer to a request: its status, its size and its last bytes, where an error says what it is. */
export type Told = { status: number; text: string };

/**
 * A connection that is kept, for one request at a time. It reads of an answer what load needs, status and length: a whole
 * HTTP client would take as much of the machine as what is measured. Answers must say their length.
 */
export async function openCaller(url: string) {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise<void>((done, failed) => socket.once('connect', done).once('error', failed));
  let received: Buffer[] = [];
  let missing = Number.NaN; // bytes of the body; NaN until the head is there
  let status = 0;
  let answered: { done: (told: Told) => void; failed: (error: Error) => void } | undefined;

  socket.on('data', (chunk: Buffer) => {
    received.push(chunk);
    if (Number.isNaN(missing)) {
      const whole = Buffer.concat(received);
      const end = whole.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = whole.toString('latin1', 0, end);
      status = Number(head.slice(9, 12));
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN) - (whole.length - end - 4);
      received = [whole.subarray(end + 4)];
    } else missing -= chunk.length;
    if (missing > 0) return;
    const text = status === 200 ? '' : Buffer.concat(received).toString('utf8');
    received = [];
    const failed = Number.isNaN(missing);
    missing = Number.NaN;
    if (failed) answered?.failed(new Error(`An answer of status ${status} does not say its length.`));
    else answered?.done({ status, text });
  });
  socket.on('error', (error) => answered?.failed(error));
  socket.on('close', () => answered?.failed(new Error('The connection was closed before the answer was there.')));

  return {
    post: (body: string, headers: Record<string, string>): Promise<Told> => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const told = new Promise<Told>((done, failed) => {
        answered = { done, failed };
      });
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return told;
    },
    close: (): void => {
      answered = undefined;
      socket.destroy();
    },
  };
}
