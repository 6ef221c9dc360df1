import type { ExportFormat } from '@openledger/sdk';
import type { Snippet } from './snippets.ts';

export type ExportFile = { name: string; bytes: number; sha256: string; url: string };

/** Name of the folder that the files are put in. */
export const folderOf = (format: ExportFormat, releaseHash: string): string => `openledger-${releaseHash.slice(2, 10)}-${format}`;

/** Loads all files into a folder of their own, goes on where it broke off, and checks each against its SHA-256. */
function download(folder: string, files: readonly ExportFile[]): Snippet {
  return {
    language: 'curl',
    code: [
      `mkdir -p ${folder} && cd ${folder}`,
      ...files.map(({ url }) => `curl --fail --location --continue-at - --remote-name '${url}'`),
      `sha256sum --check <<'SUMS'`,
      ...files.map(({ name, sha256 }) => `${sha256.slice(2)}  ${name}`),
      `SUMS`,
    ].join('\n'),
  };
}

function python(folder: string, baseName: string, isAdapter: boolean): Snippet {
  const load = isAdapter
    ? [
        `base = "…"  # ${baseName}: its name on the hub, or a folder`,
        `tokenizer = AutoTokenizer.from_pretrained(base)`,
        `model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), "${folder}")`,
      ]
    : [`tokenizer = AutoTokenizer.from_pretrained("${folder}")`, `model = AutoModelForCausalLM.from_pretrained("${folder}")`];
  return {
    language: isAdapter ? 'transformers + PEFT' : 'transformers',
    code: [
      ...(isAdapter ? [`from peft import PeftModel`] : []),
      `from transformers import AutoModelForCausalLM, AutoTokenizer`,
      ``,
      ...load,
      `chat = [{"role": "user", "content": "What does this function do?"}]`,
      `inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)`,
      `answer = model.generate(**inputs, max_new_tokens=96)`,
      `print(tokenizer.decode(answer[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))`,
    ].join('\n'),
  };
}

function gguf(folder: string, file: string): Snippet[] {
  const name = folder.toLowerCase();
  return [
    { language: 'llama.cpp', code: `llama-cli --model ${folder}/${file} --conversation` },
    {
      language: 'Ollama',
      code: [
        `echo 'FROM ./${file}' > ${folder}/Modelfile`,
        `ollama create ${name} -f ${folder}/Modelfile`,
        `ollama run ${name}`,
      ].join('\n'),
    },
  ];
}

/** How the files of an export are fetched and loaded, as commands that can be copied. */
export function loadSnippets(
  format: ExportFormat,
  releaseHash: string,
  baseName: string,
  files: readonly ExportFile[],
): Snippet[] {
  const folder = folderOf(format, releaseHash);
  const ggufFile = files.find(({ name }) => name.endsWith('.gguf'))?.name;
  const load = format.startsWith('gguf') ? gguf(folder, ggufFile ?? 'model.gguf') : [python(folder, baseName, format === 'peft')];
  return [download(folder, files), ...load];
}
