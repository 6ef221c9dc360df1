import { BigInt, Bytes, dataSource } from '@graphprotocol/graph-ts';
import { ManifestAdapter, ManifestDatanet, ReleaseManifest } from '../../generated/schema';
import { cidOrNull } from '../entities/files';
import { fileChildId, numberId, versionId } from '../entities/ids';
import { asObject, intOf, listOf, MAX_FILE_BYTES, objectOf, parseObject, parseProblem, stringOf } from '../decode/json';

/** The manifest of a release as in docs/interfaces.md. */
export function handleReleaseManifest(data: Bytes): void {
  const cid = dataSource.stringParam();
  const manifest = new ReleaseManifest(cid);
  manifest.size = data.length;
  const object = parseObject(data, MAX_FILE_BYTES);
  if (object === null) {
    manifest.problem = parseProblem(data, MAX_FILE_BYTES);
    manifest.save();
    return;
  }
  manifest.releaseHash = stringOf(object, 'releaseHash');
  manifest.trainingLogCid = stringOf(object, 'trainingLogCid');
  manifest.indexCid = stringOf(object, 'indexCid');
  const evaluationCid = stringOf(object, 'evaluationCid');
  manifest.evaluationCid = evaluationCid;
  manifest.evaluation = cidOrNull(evaluationCid);
  manifest.fidelityStatus = stringOf(objectOf(object, 'fidelity'), 'status');
  manifest.save();

  const adapters = listOf(object, 'adapters');
  for (let i = 0; i < adapters.length; i++) {
    const adapter = asObject(adapters[i]);
    const files = objectOf(adapter, 'files');
    const child = new ManifestAdapter(fileChildId(cid, i));
    child.manifest = cid;
    const adapterId = stringOf(adapter, 'adapterId');
    child.adapterId = adapterId === null ? '' : adapterId;
    child.weightBps = intOf(adapter, 'weightBps');
    child.weightsCid = stringOf(files, 'adapter_model.safetensors');
    child.configCid = stringOf(files, 'adapter_config.json');
    child.save();
  }

  const datanets = listOf(object, 'datanets');
  for (let i = 0; i < datanets.length; i++) {
    const use = asObject(datanets[i]);
    const child = new ManifestDatanet(fileChildId(cid, i));
    child.manifest = cid;
    const datanetId = BigInt.fromI32(intOf(use, 'datanetId'));
    child.datanet = numberId(datanetId);
    child.version = versionId(datanetId, BigInt.fromI32(intOf(use, 'version')));
    const root = stringOf(use, 'root');
    child.root = root === null ? '' : root;
    child.save();
  }
}
