import { DataSourceTemplate } from '@graphprotocol/graph-ts';
import { RequestedFile } from '../../generated/schema';
import { fileId } from './ids';

/** Longest CID: real ones are shorter, and an id beyond 2.7 kB would not fit the store's index. */
const MAX_CID_LENGTH = 128;

/** A text as the id of the entity of a file; null if it is no CID by its length. */
export function cidOrNull(cid: string | null): string | null {
  if (cid === null || cid.length == 0 || cid.length > MAX_CID_LENGTH) return null;
  return cid;
}

/**
 * Asks for a file once, and returns the id of the entity it will become (null if that is no CID). The entity is named by
 * the CID, so a second copy of the same file would collide with the first: the note that it was asked for prevents it.
 */
export function requestFile(template: string, cid: string): string | null {
  if (cidOrNull(cid) === null) return null;
  const id = fileId(template, cid);
  if (RequestedFile.load(id) == null) {
    const note = new RequestedFile(id);
    note.save();
    DataSourceTemplate.create(template, [cid]);
  }
  return cid;
}
