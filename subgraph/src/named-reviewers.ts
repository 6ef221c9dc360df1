import { ReviewerSet } from '../generated/NamedReviewers/NamedReviewers';
import { Reviewer } from '../generated/schema';
import { touch } from './entities/account';
import { memberId, numberId } from './entities/ids';

export function handleReviewerSet(event: ReviewerSet): void {
  const reviewer = new Reviewer(memberId(event.params.datanetId, event.params.reviewer));
  reviewer.datanet = numberId(event.params.datanetId);
  reviewer.account = touch(event.params.reviewer, event).id;
  reviewer.named = event.params.named;
  reviewer.updatedAt = event.block.timestamp;
  reviewer.save();
}
