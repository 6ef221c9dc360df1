import { BigInt, Entity, Value, ethereum, store } from '@graphprotocol/graph-ts';

export function handleBlock(block: ethereum.Block): void {
  const entity = new Entity();
  entity.set('id', Value.fromBytes(block.hash));
  entity.set('number', Value.fromBigInt(block.number));
  store.set('Block', block.hash.toHexString(), entity);
}
