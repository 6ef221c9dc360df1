import { Bytes, dataSource } from '@graphprotocol/graph-ts';
import { Evaluation } from '../../generated/schema';
import { decimalOf, MAX_FILE_BYTES, MAX_TEXT_BYTES, parseObject, parseProblem, textOf } from '../decode/json';

/** What the engine measured, as in the `evaluation` of a job's result (docs/interfaces.md). */
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
  evaluation.heldOutLossBefore = decimalOf(object, 'heldOutLossBefore');
  evaluation.heldOutLossAfter = decimalOf(object, 'heldOutLossAfter');
  evaluation.exactMatch = decimalOf(object, 'exactMatch');
  evaluation.text = textOf(data);
  evaluation.save();
}
