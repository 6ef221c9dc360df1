import { Bytes, dataSource } from '@graphprotocol/graph-ts';
import { Evaluation } from '../../generated/schema';
import { decimalOf, MAX_FILE_BYTES, MAX_TEXT_BYTES, objectOf, parseObject, parseProblem, textOf } from '../decode/json';

/** What the engine measured: numbers in `evaluation` (docs/interfaces.md); files of early releases have them outermost. */
export function handleEvaluation(data: Bytes): void {
  const evaluation = new Evaluation(dataSource.stringParam());
  evaluation.size = data.length;
  evaluation.cut = data.length > MAX_TEXT_BYTES;
  const object = parseObject(data, MAX_FILE_BYTES);
  if (object === null) {
    evaluation.problem = parseProblem(data, MAX_FILE_BYTES);
    evaluation.save();
    return;
  }
  const inner = objectOf(object, 'evaluation');
  const numbers = inner === null ? object : inner;
  evaluation.heldOutLossBefore = decimalOf(numbers, 'heldOutLossBefore');
  evaluation.heldOutLossAfter = decimalOf(numbers, 'heldOutLossAfter');
  evaluation.exactMatch = decimalOf(numbers, 'exactMatch');
  evaluation.text = textOf(data);
  evaluation.save();
}
