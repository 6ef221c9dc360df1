import { parseJsonl, recordsRoot, type TrainingRecord } from '@openledger/sdk';
import type { Hex } from 'viem';
import { cached } from '../cached.ts';
import { ServiceError } from '../errors.ts';
import type { Ipfs } from '../ipfs/client.ts';

export type RecordFile = { records: TrainingRecord[]; recordIds: Hex[]; root: Hex };
export type RecordFiles = ReturnType<typeof openRecordFiles>;

/** Files of records on IPFS, parsed and held against the root that the chain knows. */
export function openRecordFiles(ipfs: Ipfs) {
  const files = cached(
    3_600_000,
    async (cid): Promise<RecordFile> => {
      const { records, recordIds, errors } = parseJsonl(await ipfs.cat(cid));
      const [error] = errors;
      if (error)
        throw new ServiceError(
          422,
          'invalid_records',
          `The file ${cid} is not a contribution: line ${error.line} ${error.reason}.`,
        );
      return { records, recordIds, root: recordsRoot(recordIds) };
    },
    32,
  );
  return {
    /** Throws 422 when the bytes are not what was committed to on chain. */
    async load(cid: string, expectedRoot: string): Promise<RecordFile> {
      const file = await files.get(cid);
      if (file.root !== expectedRoot)
        throw new ServiceError(
          422,
          'wrong_records',
          `The file ${cid} has records root ${file.root}, the chain has ${expectedRoot}: it is another file.`,
        );
      return file;
    },
  };
}
