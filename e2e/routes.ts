import { devAccount } from '../sdk/src/dev/accounts.ts';

/** Every page of the app, with what the demonstration has left to show on it. */
export const routes = [
  '/',
  '/datanets',
  '/datanets/1',
  '/models',
  '/models/1',
  '/models/compare?models=1',
  '/models/1?tab=download',
  '/models/1?tab=compare',
  '/studio',
  '/proposals',
  '/proposals/new',
  '/agents',
  '/agents/new',
  '/chat',
  '/governance',
  '/earn',
  '/receipts',
  `/receipts/0x${'0'.repeat(64)}/1`,
  '/analytics',
  '/operators',
  `/operators/${devAccount('operator').address}`,
  `/developers/${devAccount('alice').address}`,
  '/jury',
  '/settings',
];
