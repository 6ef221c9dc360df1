export type Snippet = { language: string; code: string };

const KEY = 'OPENLEDGER_API_KEY';

/** Calls of a model that work as they stand, with the API key of a session in the environment. */
export function snippets(gatewayUrl: string, model: string, question: string): Snippet[] {
  const text = JSON.stringify(question);
  return [
    {
      language: 'curl',
      code: [
        `curl ${gatewayUrl}/v1/chat/completions \\`,
        `  -H "Authorization: Bearer $${KEY}" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '${JSON.stringify({ model, messages: [{ role: 'user', content: question }], max_tokens: 96 }).replaceAll("'", "'\\''")}'`,
      ].join('\n'),
    },
    {
      language: 'TypeScript',
      code: [
        `import OpenAI from 'openai';`,
        ``,
        `const client = new OpenAI({ baseURL: '${gatewayUrl}/v1', apiKey: process.env.${KEY} });`,
        `const stream = await client.chat.completions.create({`,
        `  model: '${model}',`,
        `  messages: [{ role: 'user', content: ${text} }],`,
        `  max_tokens: 96,`,
        `  stream: true,`,
        `});`,
        `for await (const chunk of stream) {`,
        `  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');`,
        `  if ('receipt' in chunk) console.log(chunk.receipt); // who is paid for this answer`,
        `}`,
      ].join('\n'),
    },
    {
      language: 'Python',
      code: [
        `import os`,
        `from openai import OpenAI`,
        ``,
        `client = OpenAI(base_url="${gatewayUrl}/v1", api_key=os.environ["${KEY}"])`,
        `answer = client.chat.completions.create(`,
        `    model="${model}",`,
        `    messages=[{"role": "user", "content": ${text}}],`,
        `    max_tokens=96,`,
        `)`,
        `print(answer.choices[0].message.content)`,
        `print(answer.receipt)  # who is paid for this answer`,
      ].join('\n'),
    },
  ];
}
