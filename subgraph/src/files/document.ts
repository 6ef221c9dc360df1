import { Bytes, dataSource } from '@graphprotocol/graph-ts';
import { Document } from '../../generated/schema';
import { MAX_FILE_BYTES, MAX_TEXT_BYTES, parseObject, parseProblem, stringOf, textOf } from '../decode/json';

/** Descriptions, model cards, terms, evidence: JSON objects or plain text. */
export function handleDocument(data: Bytes): void {
  const document = new Document(dataSource.stringParam());
  document.size = data.length;
  document.cut = data.length > MAX_TEXT_BYTES;
  if (data.length > MAX_FILE_BYTES) {
    document.problem = parseProblem(data, MAX_FILE_BYTES);
    document.save();
    return;
  }
  const text = textOf(data);
  document.text = text;
  if (text === null) {
    document.problem = 'The file is not UTF-8 text.';
    document.save();
    return;
  }
  const object = parseObject(data, MAX_FILE_BYTES);
  document.name = stringOf(object, 'name');
  document.description = stringOf(object, 'description');
  document.language = stringOf(object, 'language');
  document.save();
}
