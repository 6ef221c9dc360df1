import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

const whole = {
  OPENLEDGER_RPC_URL: 'http://127.0.0.1:8545',
  OPENLEDGER_DATABASE_URL: 'postgres://a@b/c',
  OPENLEDGER_IPFS_URL: 'http://127.0.0.1:5001',
  OPENLEDGER_ENGINE_URL: 'http://127.0.0.1:8100',
  OPENLEDGER_DEPLOYMENT: '/nowhere/31337.json',
  OPENLEDGER_OPERATOR_KEY: `0x${'1'.repeat(64)}`,
};

test('names the variables that are missing or wrong, and no key', () => {
  const { OPENLEDGER_IPFS_URL: _url, ...rest } = whole;
  expect(() => readConfig({ ...rest, OPENLEDGER_OPERATOR_KEY: 'secret' })).toThrow(
    /OPENLEDGER_IPFS_URL, OPENLEDGER_OPERATOR_KEY/,
  );
  expect(() => readConfig({ ...whole, OPENLEDGER_OPERATOR_KEY: 'secret' })).not.toThrow(/secret/);
});

test('says what to do when nothing is deployed', () => {
  expect(() => readConfig(whole)).toThrow('deploy the contracts first');
});
