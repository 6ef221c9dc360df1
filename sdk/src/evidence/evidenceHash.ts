import { encodeAbiParameters, type Hex, keccak256 } from 'viem';
import type { Evidence } from './evidence.ts';

const parameters = [
  {
    type: 'tuple',
    components: [
      { name: 'queryRoot', type: 'bytes32' },
      { name: 'nullThreshold', type: 'int32' },
      {
        name: 'records',
        type: 'tuple[]',
        components: [
          { name: 'releaseHash', type: 'bytes32' },
          { name: 'position', type: 'uint32' },
          { name: 'recordId', type: 'bytes32' },
          { name: 'cluster', type: 'bytes32' },
          { name: 'contributor', type: 'address' },
          { name: 'reviewer', type: 'address' },
          { name: 'datanetId', type: 'uint32' },
          { name: 'rowRoot', type: 'bytes32' },
          { name: 'partials', type: 'int32[]' },
        ],
      },
      {
        name: 'spans',
        type: 'tuple[]',
        components: [
          { name: 'start', type: 'uint32' },
          { name: 'length', type: 'uint32' },
          {
            name: 'sources',
            type: 'tuple[]',
            components: [
              { name: 'releaseHash', type: 'bytes32' },
              { name: 'position', type: 'uint32' },
              { name: 'recordId', type: 'bytes32' },
              { name: 'cluster', type: 'bytes32' },
              { name: 'contributor', type: 'address' },
              { name: 'datanetId', type: 'uint32' },
              { name: 'offset', type: 'uint32' },
            ],
          },
        ],
      },
      {
        name: 'passages',
        type: 'tuple[]',
        components: [
          { name: 'datanetId', type: 'uint32' },
          { name: 'version', type: 'uint32' },
          { name: 'recordId', type: 'bytes32' },
          { name: 'cluster', type: 'bytes32' },
          { name: 'contributor', type: 'address' },
          { name: 'support', type: 'int32' },
        ],
      },
      {
        name: 'parents',
        type: 'tuple[]',
        components: [
          { name: 'releaseHash', type: 'bytes32' },
          { name: 'termsVersion', type: 'uint32' },
          { name: 'share', type: 'uint32' },
        ],
      },
    ],
  },
] as const;

/** keccak(abi.encode(Evidence)) */
export function evidenceHash(evidence: Evidence): Hex {
  return keccak256(encodeAbiParameters(parameters, [evidence]));
}
