import { BigInt, Bytes, dataSource } from '@graphprotocol/graph-ts';
import { SpecDatanet, TrainingSpec } from '../../generated/schema';
import { fileChildId, numberId, versionId } from '../entities/ids';
import {
  asObject,
  decimalOf,
  integerOf,
  intOf,
  listOf,
  MAX_FILE_BYTES,
  objectOf,
  parseObject,
  parseProblem,
  smallIntegerOf,
  stringOf,
} from '../decode/json';

/** `{ baseModel, method, training, datanets }` as in docs/interfaces.md. */
export function handleTrainingSpec(data: Bytes): void {
  const cid = dataSource.stringParam();
  const spec = new TrainingSpec(cid);
  spec.size = data.length;
  const object = parseObject(data, MAX_FILE_BYTES);
  if (object === null) {
    spec.problem = parseProblem(data, MAX_FILE_BYTES);
    spec.save();
    return;
  }
  const method = objectOf(object, 'method');
  const training = objectOf(object, 'training');
  spec.baseModel = stringOf(object, 'baseModel');
  spec.method = stringOf(method, 'kind');
  if (smallIntegerOf(method, 'rank') !== null) spec.rank = intOf(method, 'rank');
  spec.alpha = decimalOf(method, 'alpha');
  spec.dropout = decimalOf(method, 'dropout');
  spec.epochs = decimalOf(training, 'epochs');
  spec.learningRate = decimalOf(training, 'learningRate');
  if (smallIntegerOf(training, 'batchSize') !== null) spec.batchSize = intOf(training, 'batchSize');
  if (smallIntegerOf(training, 'maxLength') !== null) spec.maxLength = intOf(training, 'maxLength');
  spec.seed = integerOf(training, 'seed');
  if (smallIntegerOf(training, 'heldOutEvery') !== null) spec.heldOutEvery = intOf(training, 'heldOutEvery');
  spec.save();

  const datanets = listOf(object, 'datanets');
  for (let i = 0; i < datanets.length; i++) {
    const use = asObject(datanets[i]);
    const child = new SpecDatanet(fileChildId(cid, i));
    child.spec = cid;
    const datanetId = BigInt.fromI32(intOf(use, 'datanetId'));
    child.datanet = numberId(datanetId);
    child.version = versionId(datanetId, BigInt.fromI32(intOf(use, 'version')));
    child.save();
  }
}
