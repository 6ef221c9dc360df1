import { create } from 'ipfs-http-client';

/** IPFS as the service uses it. The only place that knows which client speaks to the node. */
export type Ipfs = ReturnType<typeof openIpfs>;

/** Largest file that is stored and read, in bytes. */
export const maxBytes = 64 * 1024 * 1024;

export function openIpfs(url: string) {
  const node = create({ url, timeout: 30_000 });
  return {
    /** Stores and pins bytes; the same bytes always give the same CID. */
    async add(bytes: Uint8Array): Promise<string> {
      const { cid } = await node.add(bytes, { cidVersion: 1, rawLeaves: true, pin: true });
      return cid.toString();
    },
    /** The whole file. Throws when the node does not have it, or when it is too large. */
    async cat(cid: string): Promise<Uint8Array> {
      const parts: Uint8Array[] = [];
      let total = 0;
      for await (const part of node.cat(cid)) {
        total += part.length;
        if (total > maxBytes) throw new Error(`The file ${cid} is larger than ${maxBytes} bytes.`);
        parts.push(part);
      }
      return Buffer.concat(parts);
    },
    /** One block as the node gives it; whether it is the one asked for is the caller's to check. */
    async block(cid: string): Promise<Uint8Array> {
      return node.block.get(cid as never);
    },
    async isAlive(): Promise<boolean> {
      return node.version().then(
        () => true,
        () => false,
      );
    },
  };
}

export async function addJson(ipfs: Pick<Ipfs, 'add'>, value: unknown): Promise<string> {
  return addText(ipfs, JSON.stringify(value));
}

export async function addText(ipfs: Pick<Ipfs, 'add'>, text: string): Promise<string> {
  return ipfs.add(new TextEncoder().encode(text));
}

export async function catJson(ipfs: Ipfs, cid: string): Promise<unknown> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await ipfs.cat(cid));
  return JSON.parse(text);
}
