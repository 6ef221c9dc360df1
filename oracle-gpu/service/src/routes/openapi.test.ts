import { expect, test } from 'vitest';
import { openapiDocument } from './openapi.ts';

test('bodies say what is understood, and that nothing else is', () => {
  const { paths } = openapiDocument();
  const chat = paths['/v1/chat/completions']?.post?.requestBody?.content['application/json'].schema;
  expect(chat).toMatchObject({ type: 'object', additionalProperties: false, required: ['model', 'messages'] });
  expect(Object.keys(chat?.properties ?? {})).toEqual(
    expect.arrayContaining(['temperature', 'min_p', 'logit_bias', 'response_format', 'tools', 'stream_options', 'retrieval']),
  );
});
