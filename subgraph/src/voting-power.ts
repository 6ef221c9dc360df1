import { FloorSet } from '../generated/VotingPower/VotingPower';
import { loadProtocol } from './entities/protocol';

export function handleFloorSet(event: FloorSet): void {
  const totals = loadProtocol();
  totals.votesFloor = event.params.floor;
  totals.save();
}
