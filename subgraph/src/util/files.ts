import { DataSourceTemplate } from '@graphprotocol/graph-ts';
import { RequestedFile } from '../../generated/schema';
import { fileId } from './ids';

/**
 * Asks for a file once, and returns the id of the entity it will become (null without a CID). The entity is named by
 * the CID, so a second copy of the same file would collide with the first: the note that it was asked for prevents it.
 */
export function requestFile(template: string, cid: string): string | null {
  if (cid.length == 0) return null;
  const id = fileId(template, cid);
  if (RequestedFile.load(id) == null) {
    const note = new RequestedFile(id);
    note.save();
    DataSourceTemplate.create(template, [cid]);
  }
  return cid;
}
